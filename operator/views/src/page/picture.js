// The drawing: puts it in its place, marks what is selected, and lets arrow keys go from tile to tile.

import { keyed, show } from "./dom.js";

/** Which way an arrow key goes. */
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const box = document.getElementById("picture");
let drawn = "";

/** Shows a drawing, unless it is the same. */
export function draw(text) {
  if (text === drawn) return;
  const parsed = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  if (parsed.nodeName !== "svg") return;
  drawn = text;
  show(box, document.importNode(parsed, true));
  // How far it may be made smaller before it is scrolled is the style sheet's to say.
  box.firstElementChild.style.setProperty("--wide", `${Number(parsed.getAttribute("width"))}px`);
}

/** Marks the tiles of the selected object, and lets those step back that the filter leaves out. */
export function mark(selected, fits) {
  for (const tile of tiles()) {
    const chosen = tile.dataset.key === selected;
    tile.classList.toggle("selected", chosen);
    tile.classList.toggle("aside", !fits(tile.dataset.key));
    tile.setAttribute("aria-expanded", String(chosen));
  }
  for (const edge of box.querySelectorAll(".edge")) {
    edge.classList.toggle("selected", [edge.dataset.from, edge.dataset.to].includes(selected));
  }
}

/** The tile of an object. */
export function tileOf(key) {
  return keyed(box, key);
}

/** Brings a tile into its box, which alone is scrolled. */
export function reveal(tile) {
  const [inner, outer] = [tile.getBoundingClientRect(), box.getBoundingClientRect()];
  const beyond = (low, high, least, most) => (low < least ? low - least - 16 : high > most ? high - most + 16 : 0);
  const left = beyond(inner.left, inner.right, outer.left, outer.right);
  const top = beyond(inner.top, inner.bottom, outer.top, outer.bottom);
  if (left !== 0 || top !== 0) box.scrollBy({ left, top });
}

box.addEventListener("focusin", (event) => {
  if (event.target.matches(".tile")) reveal(event.target);
});

box.addEventListener("keydown", (event) => {
  const way = WAYS[event.key];
  if (!way || !event.target.matches(".tile")) return;
  event.preventDefault();
  next(event.target, way)?.focus();
});

function tiles() {
  return box.querySelectorAll('.tile[role="button"]');
}

/** The nearest tile that way: what lies aside counts double. */
function next(from, [right, down]) {
  const here = middle(from);
  let [best, least] = [undefined, Infinity];
  for (const tile of tiles()) {
    const [x, y] = middle(tile);
    const ahead = (x - here[0]) * right + (y - here[1]) * down;
    const aside = Math.abs((x - here[0]) * down) + Math.abs((y - here[1]) * right);
    const far = ahead + 2 * aside;
    if (ahead > 1 && far < least) [best, least] = [tile, far];
  }
  return best;
}

function middle(tile) {
  const { left, right, top, bottom } = tile.getBoundingClientRect();
  return [(left + right) / 2, (top + bottom) / 2];
}
