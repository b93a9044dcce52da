// The details of one object: its state, its cause, the plan that waits, its resources, what it uses, events and cost.

import { element, sign } from "./dom.js";

/** What is known of an object, as one element. */
export function details(card) {
  return element(
    "article",
    { "data-key": `details ${card.key}`, class: `is-${card.state.toLowerCase()}` },
    head(card.kind, card.name, badge(card)),
    section("Cause", null, element("p", { class: "answer" }, card.answer), facts(card.facts)),
    card.waiting && section("Plan that waits for approval", null, ...waiting(card.waiting)),
    card.cost && section("Resources", card.resources.length, list("resources", card.resources.map(resource))),
    links("Uses", card.links.uses),
    links("Used by", card.links.usedBy),
    card.cost && section("Events", card.events.length, list("events", card.events.map(told))),
    card.cost && section("Cost a month", null, ...cost(card.cost)),
  );
}

/** What is said of an object that is not there. */
export function absent(key) {
  const said = element("p", { class: "answer" }, "It is not there, or not there any more.");
  return element("article", { "data-key": `details ${key}`, class: "is-unknown" }, head("No object", key), said);
}

function head(kind, name, standing) {
  const close = { class: "close", type: "button", "data-close": "", "aria-label": "Close the details", title: "Close (Escape)" };
  return element(
    "header",
    null,
    element("div", { class: "name" }, element("p", { class: "kind" }, kind), element("h2", { tabindex: "-1" }, name), standing),
    element("button", close, element("span", { "aria-hidden": "true" }, "✕")),
  );
}

function badge(card) {
  const lasting = card.age !== undefined && element("span", { class: "age" }, `for ${card.age}`);
  return element("p", { class: "badge" }, sign(card.state, card.sign), element("strong", null, card.stands), lasting);
}

function section(title, many, ...content) {
  const heading = element("h3", null, title, many !== null && element("span", { class: "many" }, ` ${many}`));
  return element("section", { "data-key": title }, heading, many === 0 ? element("p", { class: "dim" }, "None.") : content);
}

function list(name, items) {
  return element("ul", { class: name }, items);
}

function facts(all) {
  const fact = ({ label, lines }) => [element("dt", null, label), element("dd", { class: `fact-${label.replaceAll(" ", "-")}` }, lines.map(said))];
  return element("dl", null, all.flatMap(fact));
}

function said({ text, key, run }) {
  if (run !== undefined) return command(text, run);
  return element("p", null, key === undefined ? text : opener(key, text));
}

function opener(key, text) {
  return element("button", { class: "link", type: "button", "data-open": key }, text);
}

function command(run, effect) {
  return element(
    "div",
    { class: "command" },
    element("code", null, run),
    element("button", { class: "copy", type: "button", "data-copy": run, "aria-label": `Copy: ${run}` }, "Copy"),
    effect && element("p", { class: "dim" }, effect),
  );
}

function waiting({ summary, entries, approve }) {
  const data = (text) => element("p", { class: "data" }, element("span", null, "data"), ` ${text}`);
  const entry = (one) =>
    element(
      "li",
      { class: `entry ${one.action.toLowerCase()}` },
      element("p", null, element("strong", null, one.action), ` ${one.id} `, element("span", { class: "dim" }, one.kind)),
      one.changes.map((change) => element("p", { class: "change" }, change)),
      one.data !== undefined && data(one.data),
      one.approve !== undefined && command(one.approve),
    );
  return [element("p", null, summary), list("entries", entries.map(entry)), approve !== undefined && command(approve)];
}

function resource(one) {
  const line = (text, name) => text !== undefined && element("p", { class: name }, text);
  return element(
    "li",
    { class: `is-${one.looks.toLowerCase()}` },
    sign(one.looks, one.sign),
    element("p", { class: "id" }, element("strong", null, one.id), " ", element("span", { class: "dim" }, one.kind)),
    element("p", { class: "stands" }, one.state, one.age !== undefined && element("span", { class: "age" }, ` ${one.age}`)),
    element("div", { class: "more" }, [
      line([one.reason, one.message].filter(Boolean).join(": ") || undefined, "message"),
      line(one.drifted && `drifted: ${one.drifted}`, "message"),
      line(one.replacedBy && `replaced by ${one.replacedBy}`, "message"),
      line(one.name, "identifier"),
      line(one.handle, "identifier"),
      line(one.elsewhere && `in ${one.elsewhere}`, "dim"),
    ]),
  );
}

function links(title, all) {
  const link = ({ key, title: name, binding, access, field, note }) =>
    element(
      "li",
      null,
      element("p", null, opener(key, name), " ", element("span", { class: "dim" }, [binding && `binding ${binding}`, access].filter(Boolean).join(", "))),
      field !== undefined && element("p", { class: "identifier" }, field),
      note !== undefined && element("p", { class: "note" }, note),
    );
  return all.length > 0 && section(title, all.length, list("links", all.map(link)));
}

function told({ warning, reason, message, count, last, first }) {
  const times = [count > 1 && `${count} times`, first !== undefined && `first ${first} ago`, last !== undefined && `${count > 1 ? "last " : ""}${last} ago`];
  return element(
    "li",
    { class: warning ? "warning" : "normal" },
    element("p", null, element("strong", null, reason), " ", element("span", { class: "dim" }, times.filter(Boolean).join(", "))),
    element("p", { class: "message" }, message),
  );
}

function cost({ sentence, lines, assumptions, asOf }) {
  const line = ({ id, kind, usd, notes }) => [
    element("tr", null, element("th", { scope: "row" }, id, " ", element("span", { class: "dim" }, kind)), element("td", null, usd === undefined ? "unknown" : `${usd.toFixed(2)} USD`)),
    notes.length > 0 && element("tr", { class: "notes" }, element("td", { colspan: "2" }, notes.join("; "))),
  ];
  return [
    element("p", null, sentence),
    lines.length > 0 && element("table", null, element("tbody", null, lines.flatMap(line))),
    asOf.length > 0 && element("p", { class: "dim" }, `By list prices of ${asOf.join(", ")}.`),
    assumptions.length > 0 && element("p", { class: "dim" }, `It is assumed that ${assumptions.join("; ")}.`),
  ];
}
