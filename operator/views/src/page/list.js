// The list of objects, which serves without the picture too, and how many stand how.

import { element, show, sign } from "./dom.js";

const [rows, counts, none] = ["rows", "counts", "none"].map((id) => document.getElementById(id));

/** Shows the cards that fit the filter, in their order: those first that hold others up. */
export function list(cards, selected, fits) {
  const shown = cards.filter((card) => fits(card.key));
  show(rows, ...shown.map((card) => row(card, card.key === selected)));
  none.hidden = cards.length === 0 || shown.length > 0;
}

/** Shows how many stand how, in the order in which states first appear: the worst first, and what is Ready last. */
export function count(cards) {
  const all = new Map();
  for (const { state, sign: text } of cards) {
    const entry = all.get(state) ?? { text, many: 0 };
    all.set(state, { ...entry, many: entry.many + 1 });
  }
  const last = [...all].sort(([one], [other]) => (one === "Ready") - (other === "Ready"));
  show(counts, ...last.map(([state, { text, many }]) => element("li", null, sign(state, text), `${many} ${state}`)));
}

function row(card, chosen) {
  const held = card.holdsUp > 0 && element("span", { class: "held" }, `holds up ${card.holdsUp}`);
  const lasting = card.age !== undefined && element("span", { class: "age" }, card.age);
  const attributes = { "data-key": card.key, "data-open": card.key, type: "button", "aria-expanded": String(chosen) };
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
