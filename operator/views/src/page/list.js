// The list of objects, which serves without the picture too, and how many stand how.

import { element, show, sign } from "./dom.js";

const [rows, counts, none, more, told] = ["rows", "counts", "none", "more", "told"].map((id) => document.getElementById(id));
/** So many rows are shown of many objects, and so many more each time that is asked for; a few more than that at once. */
const FEW = 12;
const STEP = 100;
const SLACK = 4;

let most = FEW;
/** What the rows show; they are made anew for other cards alone. */
let shown = [];

/** Begins at the top again. */
export function few() {
  most = FEW;
}

/** Shows further rows, and goes on at the first of them. */
export function further(render) {
  const at = shown.length;
  most = Math.max(most, at) + STEP;
  render();
  rows.children[at]?.firstElementChild.focus();
}

/**
 * Shows the cards that fit, in their order: those first that hold others up. Of `many`, what is not Ready comes before all
 * that is; where nothing is looked for, it alone is shown until more is asked for.
 */
export function list(cards, selected, { fits, any, many }) {
  const fitting = cards.filter(fits);
  const now = many ? first(fitting, any) : fitting;
  const same = now.length === shown.length && now.every((card, at) => card === shown[at]);
  if (!same) show(rows, ...now.map(row));
  shown = now;
  for (const row of rows.querySelectorAll(".row")) row.setAttribute("aria-expanded", String(row.dataset.key === selected));
  none.textContent = fitting.length > 0 ? "Everything is Ready." : "Nothing fits the filter.";
  none.hidden = cards.length === 0 || now.length > 0;
  const rest = fitting.length - now.length;
  more.hidden = rest === 0;
  more.textContent = rest > STEP ? `Show ${STEP} more of ${number(rest)}` : `Show ${rest} more`;
  const why = any || rest === 0 || most > FEW ? " shown" : ": those that are not Ready";
  told.textContent = many || any ? `${number(now.length)} of ${number(cards.length)}${why}` : "";
}

function first(cards, any) {
  const wrong = cards.filter((card) => card.state !== "Ready");
  const sorted = [...wrong, ...cards.filter((card) => card.state === "Ready")];
  const begun = any || most > FEW ? sorted : wrong;
  return begun.slice(0, begun.length <= most + SLACK ? begun.length : most);
}

/** Shows how many stand how, in the order in which states first appear: the worst first, and what is Ready last. */
export function count(cards, seeks) {
  const all = new Map();
  for (const { state, sign: text } of cards) {
    const entry = all.get(state) ?? { text, many: 0 };
    all.set(state, { ...entry, many: entry.many + 1 });
  }
  const last = [...all].sort(([one], [other]) => (one === "Ready") - (other === "Ready"));
  const button = ([state, { text, many }]) => {
    const attributes = { class: "state", type: "button", "data-key": `state ${state}`, "data-state": state };
    const title = `Show only what is ${state}, or everything again`;
    const said = [sign(state, text), `${number(many)} ${state}`];
    return element("li", null, element("button", { ...attributes, title, "aria-pressed": String(seeks(state)) }, ...said));
  };
  show(counts, ...last.map(button));
}

function number(many) {
  return many.toLocaleString("en");
}

function row(card) {
  const held = card.holdsUp > 0 && element("span", { class: "held" }, `holds up ${card.holdsUp}`);
  const lasting = card.age !== undefined && element("span", { class: "age" }, card.age);
  const attributes = { "data-key": card.key, "data-open": card.key, type: "button", "aria-expanded": "false" };
  return element(
    "li",
    { "data-key": `row ${card.key}` },
    element(
      "button",
      { ...attributes, class: `row is-${card.state.toLowerCase()}` },
      sign(card.state, card.sign),
      element("span", { class: "what" }, element("span", { class: "kind" }, card.kind), " ", element("strong", null, card.name)),
      element("span", { class: "how" }, element("span", { class: "stands" }, card.stands), held),
      lasting,
    ),
  );
}
