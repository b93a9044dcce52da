// The page of `terrace ui`: shows each state that is answered, and what is selected in it. It changes nothing.

import { absent, details } from "./details.js";
import { show } from "./dom.js";
import { count, list } from "./list.js";
import { draw, mark, reveal, tileOf } from "./picture.js";
import { watch } from "./state.js";

const [main, panel, filter, read, stale, spoken] =
  ["main", "details", "filter", "read", "stale", "spoken"].map((id) => document.getElementById(id));
const [header, skip] = [".top", ".skip"].map((place) => document.querySelector(place));
/** Where the details cover the page instead of standing beside it. */
const narrow = matchMedia("(max-width: 44rem)");
/** The most changes that are read out at once. */
const MOST = 3;

let view;
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

/** Shows what is known, as it is selected and filtered. */
function render() {
  if (view === undefined) return;
  const key = selected();
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  const texts = new Map(view.cards.map((card) => [card.key, `${card.kind} ${card.name} ${card.stands}`.toLowerCase()]));
  const fits = (one) => words.every((word) => texts.get(one)?.includes(word));
  draw(view.picture);
  mark(key, fits);
  list(view.cards, key, fits);
  count(view.cards);
  open(key);
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
}

/** Scrolls the picture to the tile of an object. */
function bring(key) {
  const tile = key && tileOf(key);
  if (tile) reveal(tile);
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

function shown(fresh) {
  const first = view === undefined;
  if (!first) speak(view.cards, fresh.cards);
  view = fresh;
  stale.hidden = true;
  document.body.classList.remove("old");
  read.textContent = `As of ${time(view.now)}`;
  render();
  if (first) bring(selected());
}

function failed(why, pause) {
  const kept = view === undefined ? "" : ` What is shown is as of ${time(view.now)}.`;
  stale.textContent = `${why}${kept} It is tried again in ${Math.round(pause / 1000)} seconds.`;
  stale.hidden = false;
  document.body.classList.toggle("old", view !== undefined);
  read.textContent = view === undefined ? "Nothing is known yet" : `Stale: as of ${time(view.now)}`;
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
  if (tile) visit(tile.dataset.key, tile);
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
filter.addEventListener("input", render);
narrow.addEventListener("change", render);
addEventListener("popstate", render);
watch(shown, failed);
