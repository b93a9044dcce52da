// What is looked for: words, a namespace, states. The page's address keeps it, to be reloaded and sent to others.

import { element, show } from "./dom.js";

const [filter, namespaces, whole] = ["filter", "namespace", "whole"].map((id) => document.getElementById(id));
/** Stands for all namespaces in a question for a picture. */
const ALL = "*";

let sought;
/** The namespace that is looked at, of which the picture is where not everything is drawn. */
let near;
/** What words are found in, by card. */
const texts = new WeakMap();

/** Takes up what the page's address says. */
export function takeUp() {
  const asked = new URLSearchParams(location.search);
  const states = (asked.get("state") ?? "").split(",").filter(Boolean);
  sought = { words: asked.get("q") ?? "", namespace: asked.get("namespace") ?? "", states: new Set(states), whole: asked.has("all") };
  filter.value = sought.words;
}

/** Takes up what is typed, and what is chosen. */
export function seek(changes) {
  Object.assign(sought, changes);
  const kept = [sought.words && ["q", sought.words], sought.namespace && ["namespace", sought.namespace]];
  kept.push(sought.states.size > 0 && ["state", [...sought.states].join(",")], sought.whole && ["all", "1"]);
  const query = new URLSearchParams(kept.filter(Boolean)).toString();
  history.replaceState(null, "", location.pathname + (query && `?${query}`) + location.hash);
}

/** Adds a state, or takes it away. */
export function turn(state) {
  const states = new Set(sought.states);
  if (!states.delete(state)) states.add(state);
  seek({ states });
}

/** Whether a state is among those that are looked for. */
export function seeks(state) {
  return sought.states.has(state);
}

/** Whether anything is looked for at all. */
export function isAny() {
  return sought.words.trim() !== "" || sought.namespace !== "" || sought.states.size > 0;
}

/** Whether the picture goes where something is found: nothing else was chosen to be drawn. */
export function isLed() {
  return isAny() && sought.namespace === "" && !sought.whole;
}

/** Whether all of many objects are to be drawn. */
export function isWhole() {
  return sought.whole;
}

/** The test for what is looked for. */
export function fitting() {
  const words = sought.words.toLowerCase().split(/\s+/).filter(Boolean);
  return (card) =>
    (sought.namespace === "" || card.namespace === sought.namespace) &&
    (sought.states.size === 0 || sought.states.has(card.state)) &&
    words.every((word) => textOf(card).includes(word));
}

function textOf(card) {
  if (!texts.has(card)) texts.set(card, `${card.kind} ${card.name} ${card.stands}`.toLowerCase());
  return texts.get(card);
}

/** Looks at a namespace from now on. */
export function look(namespace) {
  near = namespace ?? near;
}

/** What is asked beside the state: of what the picture is to be. */
export function question() {
  const namespace = sought.whole ? ALL : sought.namespace;
  const all = [namespace && `namespace=${encodeURIComponent(namespace)}`, near && `near=${encodeURIComponent(near)}`];
  const asked = all.filter(Boolean).join("&");
  return asked && `?${asked}`;
}

/** Offers the namespaces that there are, those first in which something is not Ready. */
export function offer(cards, drawn) {
  const all = new Map();
  for (const { namespace, state } of cards.filter((card) => card.namespace !== undefined)) {
    const states = all.get(namespace) ?? new Map();
    all.set(namespace, states.set(state, (states.get(state) ?? 0) + 1));
  }
  // One that is looked for stays on offer, even if nothing is in it any more.
  if (sought.namespace !== "" && !all.has(sought.namespace)) all.set(sought.namespace, new Map());
  const sound = (states) => [...states.keys()].every((state) => state === "Ready");
  const sorted = [...all].sort(([a, one], [b, other]) => sound(one) - sound(other) || (sound(one) ? a.localeCompare(b) : 0));
  const worst = (states) => [...states].sort(([one], [other]) => (one === "Ready") - (other === "Ready"));
  const told = (states) => worst(states).map(([state, many]) => `${many} ${state}`).join(", ") || "nothing";
  const option = ([name, states]) => element("option", { value: name, "data-key": name }, `${name}: ${told(states)}`);
  show(namespaces, element("option", { value: "", "data-key": "" }, "All namespaces"), ...sorted.map(option));
  namespaces.value = sought.namespace;
  namespaces.hidden = all.size < 2;
  whole.hidden = drawn === undefined || sought.namespace !== "";
  whole.textContent = sought.whole ? "Draw one namespace" : "Draw all of them";
}
