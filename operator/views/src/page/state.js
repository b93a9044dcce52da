// Asks for the state of the cluster again and again: the less often, the longer there is no answer.

/** Between two answers, at most between two attempts, and for an answer; in milliseconds. */
const PACE = 3_000;
/** Who takes long to read the cluster is asked the less often: so many times as long is waited. */
const REST = 4;
const SLOWEST = 30_000;
const PATIENCE = 15_000;

/** What was answered last: under which tag, as which text but for its time, and what that says. */
let last = {};

/**
 * Calls `shown` with each answer and its time, and `failed` with a sentence and the milliseconds to the next attempt. What
 * has not changed is the same object again. `question` is asked beside the state. What it gives back asks at once.
 */
export function watch(question, shown, failed) {
  let failures = 0;
  let timer;
  let asking;
  const again = (pause) => (timer = setTimeout(turn, pause));
  async function turn() {
    clearTimeout(timer);
    timer = undefined;
    asking?.abort();
    // Nobody looks: whoever comes back is answered at once.
    if (document.hidden) return;
    const mine = (asking = new AbortController());
    const begun = performance.now();
    try {
      const { view, now } = await ask(question(), mine.signal);
      failures = 0;
      again(Math.min(Math.max(PACE, REST * (performance.now() - begun)), SLOWEST));
      shown(view, now);
    } catch (error) {
      if (mine.signal.aborted) return;
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
  return turn;
}

async function ask(question, signal) {
  // A tag is that of what is said, whatever was asked.
  const answer = await reach(question, last.tag ? { "If-None-Match": last.tag } : {}, signal);
  if (answer.status === 304) return { view: last.view, now: dated(answer) };
  if (answer.ok) return read(answer.headers.get("etag"), await answer.text());
  const plain = answer.headers.get("content-type")?.startsWith("text/plain");
  const told = plain ? (await answer.text()).trim().slice(0, 500) : "";
  throw new Error(sentence(told || `terrace ui answers ${answer.status}`));
}

/** What a text says; where only its time differs from the last one's, what that said. */
function read(tag, text) {
  const [, now, rest] = /^\{"now":\s*"([^"]*)"(.*)$/s.exec(text) ?? [];
  const same = rest !== undefined && rest === last.rest;
  const view = same ? last.view : JSON.parse(text);
  last = { tag, rest, view };
  return { view, now: now ?? view.now };
}

/** The time of an answer, as the state has it. */
function dated(answer) {
  const date = new Date(answer.headers.get("date") ?? Date.now());
  return date.toISOString().replace(/\.\d+Z$/, "Z");
}

function sentence(text) {
  return `${text[0].toUpperCase()}${text.slice(1)}${text.endsWith(".") ? "" : "."}`;
}

async function reach(question, headers, signal) {
  const late = AbortSignal.timeout(PATIENCE);
  try {
    return await fetch(`state${question}`, { cache: "no-store", headers, signal: AbortSignal.any([signal, late]) });
  } catch {
    throw new Error(late.aborted ? "The cluster does not answer." : "terrace ui does not answer: it was ended, or is not reached.");
  }
}
