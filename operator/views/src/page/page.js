// The page of `terrace ui`: shows each state that is answered, and what is selected in it. It changes nothing.

import { absent, details } from "./details.js";
import { show } from "./dom.js";
import { count, few, further, list } from "./list.js";
import { draw, mark, reveal, rewind, tileOf } from "./picture.js";
import { fitting, isAny, isLed, isWhole, look, offer, question, seek, seeks, takeUp, turn } from "./sought.js";
import { watch } from "./state.js";

const [main, panel, drawing, objects, caption, drawn, filter, namespaces, clear, whole, more, read, stale, spoken] = [
  ...["main", "details", "drawing", "objects", "caption", "drawn", "filter", "namespace", "clear", "whole", "more"],
  ...["read", "stale", "spoken"],
].map((id) => document.getElementById(id));
const [header, skip] = [".top", ".skip"].map((place) => document.querySelector(place));
/** Where the details cover the page instead of standing beside it. */
const narrow = matchMedia("(max-width: 44rem)");
/** The most changes that are read out at once. */
const MOST = 3;
/** How long one who types is waited for, in milliseconds. */
const PAUSE = 300;

let view;
/** When it was read. */
let seen;
/** What waits for the end of typing. */
let typing;
/** What the details were opened from, to go back to. */
let opener;

/** The key in the page's address, which survives a reload and can be sent to others. */
function selected() {
  try {
    return decodeURIComponent(location.hash.slice(1)) || undefined;
  } catch {
    return undefined;
  }
}

function select(key) {
  if (key === selected()) return;
  history.pushState(null, "", key === undefined ? location.pathname + location.search : `#${encodeURI(key)}`);
  render();
}

/** Shows what is known, as it is selected and looked for. */
function render() {
  if (view === undefined) return;
  const [key, fits, any] = [selected(), fitting(), isAny()];
  const fit = new Set(view.cards.filter(fits).map((card) => card.key));
  lay(view.many);
  draw(view.picture);
  mark(key, (one) => fit.has(one));
  caption.hidden = view.drawn === undefined;
  drawn.textContent = view.drawn?.sentence ?? "";
  offer(view.cards, view.drawn);
  list(view.cards, key, { fits, any, many: view.many });
  count(view.cards, seeks);
  clear.hidden = !any;
  open(key);
}

/** Of many objects the list comes before the picture, also for those who go through the page by keyboard. */
function lay(many) {
  if (main.classList.toggle("crowd", many) === (main.firstElementChild === objects)) return;
  main.prepend(many ? objects : drawing);
}

/** Goes on with what is looked for now. */
function sift() {
  few();
  render();
  clearTimeout(typing);
  typing = setTimeout(follow, PAUSE);
}

/** Has what is found drawn, where nothing of it is. */
function follow() {
  const found = view?.cards.filter(fitting()).filter((card) => card.namespace !== undefined) ?? [];
  if (isLed() && found.length > 0 && !found.some((card) => tileOf(card.key))) approach(found[0].key);
}

function open(key) {
  const card = view.cards.find((one) => one.key === key);
  panel.hidden = key === undefined;
  main.classList.toggle("open", key !== undefined);
  for (const other of [header, ...main.children]) other.inert = other !== panel && narrow.matches && !panel.hidden;
  if (key === undefined) return panel.replaceChildren();
  const fresh = card === undefined ? absent(key) : details(card);
  const another = panel.firstElementChild?.dataset.key !== fresh.dataset.key;
  show(panel, fresh);
  if (another) panel.scrollTop = 0;
}

/** Opens an object, and goes on in its details. */
function visit(key, from) {
  if (!panel.contains(from)) opener = from;
  select(key);
  panel.querySelector("h2")?.focus({ preventScroll: true });
  bring(key);
  approach(key);
}

/** Has the namespace of an object drawn, where that is not; asks if that, or another question than before, is open. */
function approach(key, before = question()) {
  if (key !== undefined && !tileOf(key)) look(namespaceOf(key));
  if (question() !== before) ask();
}

/** The namespace in a key; an Environment has none. */
function namespaceOf(key) {
  const parts = key.split("/");
  return parts.length === 3 ? parts[1] : undefined;
}

/** Scrolls the picture to the tile of an object. */
function bring(key) {
  const tile = key && tileOf(key);
  if (tile) reveal(tile, view.many);
}

/** Closes the details, and goes back to where they were opened. */
function close() {
  const key = selected();
  if (key === undefined) return;
  select(undefined);
  const back = opener?.isConnected ? opener : tileOf(key);
  back?.focus();
}

/** Says what has changed to those who do not see it. */
function speak(before, after) {
  const stood = new Map(before.map((card) => [card.key, card.stands]));
  const changed = after.filter((card) => stood.get(card.key) !== card.stands);
  const told = changed.slice(0, MOST).map((card) => `${card.kind} ${card.name}: ${card.stands}.`);
  const more = changed.length > MOST ? ` And ${changed.length - MOST} more.` : "";
  if (told.length > 0) spoken.textContent = told.join(" ") + more;
}

function shown(fresh, now) {
  const before = view;
  view = fresh;
  seen = now;
  stale.hidden = true;
  document.body.classList.remove("old");
  read.textContent = `As of ${time(now)}`;
  if (fresh === before) return;
  if (before !== undefined) speak(before.cards, fresh.cards);
  render();
  const other = before?.drawn?.namespace !== fresh.drawn?.namespace;
  look(fresh.drawn?.namespace);
  if (before === undefined || other) begin();
  if (before === undefined) follow();
}

/** Shows of another picture what is selected in it, or of a large one what needs somebody most. */
function begin() {
  rewind();
  const wrong = view.many && view.cards.find((card) => card.state !== "Ready" && tileOf(card.key));
  const key = selected();
  bring(key !== undefined && tileOf(key) ? key : wrong?.key);
}

function failed(why, pause) {
  const kept = view === undefined ? "" : ` What is shown is as of ${time(seen)}.`;
  stale.textContent = `${why}${kept} It is tried again in ${Math.round(pause / 1000)} seconds.`;
  stale.hidden = false;
  document.body.classList.toggle("old", view !== undefined);
  read.textContent = view === undefined ? "Nothing is known yet" : `Stale: as of ${time(seen)}`;
}

/** The time of a moment, which is in UTC as all others are. */
function time(moment) {
  return moment.slice(moment.indexOf("T") + 1);
}

async function copy(button) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = "Copied";
  } catch {
    // Whoever may not write to the clipboard finds the command selected.
    getSelection().selectAllChildren(button.previousElementSibling);
  }
}

/** What a click, Enter or Space means where it is done. */
function act(target) {
  const [tile, link] = [target.closest('.tile[role="button"]'), target.closest("[data-open]")];
  const state = target.closest("button[data-state]");
  if (state) {
    turn(state.dataset.state);
    sift();
  } else if (tile) visit(tile.dataset.key, tile);
  else if (link) visit(link.dataset.open, link);
  else if (target.closest("[data-close]")) close();
  else if (target.closest("[data-copy]")) copy(target.closest("[data-copy]"));
}

document.addEventListener("click", (event) => act(event.target));
document.addEventListener("keydown", (event) => {
  const tile = event.target.closest?.('.tile[role="button"]');
  if (tile && (event.key === "Enter" || event.key === " ")) {
    event.preventDefault();
    act(tile);
  } else if (event.key === "Escape" && event.target !== filter) {
    close();
  }
});
skip.addEventListener("click", (event) => {
  event.preventDefault();
  document.getElementById(skip.dataset.to).focus();
});
filter.addEventListener("input", () => {
  seek({ words: filter.value });
  sift();
});
namespaces.addEventListener("change", () => {
  seek({ namespace: namespaces.value });
  sift();
  ask();
});
clear.addEventListener("click", () => {
  filter.value = "";
  seek({ words: "", namespace: "", states: new Set() });
  sift();
  filter.focus();
  ask();
});
whole.addEventListener("click", () => {
  seek({ whole: !isWhole() });
  ask();
});
more.addEventListener("click", () => further(render));
narrow.addEventListener("change", render);
addEventListener("popstate", () => {
  const before = question();
  takeUp();
  sift();
  approach(selected(), before);
});
takeUp();
look(namespaceOf(selected() ?? ""));
const ask = watch(question, shown, failed);
