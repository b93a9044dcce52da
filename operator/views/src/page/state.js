// Asks for the state of the cluster again and again: the less often, the longer there is no answer.

/** Between two answers, at most between two attempts, and for an answer; in milliseconds. */
const PACE = 3_000;
const SLOWEST = 30_000;
const PATIENCE = 15_000;

/** Calls `shown` with each answer, and `failed` with a sentence and the milliseconds to the next attempt. */
export function watch(shown, failed) {
  let failures = 0;
  let timer;
  const again = (pause) => (timer = setTimeout(turn, pause));
  async function turn() {
    timer = undefined;
    // Nobody looks: whoever comes back is answered at once.
    if (document.hidden) return;
    try {
      shown(await ask());
      failures = 0;
      again(PACE);
    } catch (error) {
      const pause = Math.min(PACE * 2 ** failures, SLOWEST);
      failures += 1;
      failed(error.message, pause);
      again(pause);
    }
  }
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && timer === undefined) turn();
  });
  turn();
}

async function ask() {
  const answer = await reach();
  if (answer.ok) return answer.json();
  const plain = answer.headers.get("content-type")?.startsWith("text/plain");
  const told = plain ? (await answer.text()).trim().slice(0, 500) : "";
  throw new Error(sentence(told || `terrace ui answers ${answer.status}`));
}

function sentence(text) {
  return `${text[0].toUpperCase()}${text.slice(1)}${text.endsWith(".") ? "" : "."}`;
}

async function reach() {
  try {
    return await fetch("state", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
  } catch (error) {
    const late = error.name === "TimeoutError";
    throw new Error(late ? "The cluster does not answer." : "terrace ui does not answer: it was ended, or is not reached.");
  }
}
