// The drawing: puts it in its place, marks what is selected, and lets arrow keys go from tile to tile.

import { keyed, show } from "./dom.js";
import { arrows } from "./keys.js";

const TILE = '.tile[role="button"]';
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

/** Goes back to the beginning, for another drawing. */
export function rewind() {
  box.scrollTo(0, 0);
}

/** Brings a tile into its box, which alone is scrolled: into its middle, or no further than it must. */
export function reveal(tile, middle = false) {
  const [inner, outer] = [tile.getBoundingClientRect(), box.getBoundingClientRect()];
  const beyond = (low, high, least, most) => {
    if (low >= least && high <= most) return 0;
    if (middle) return (low + high - least - most) / 2;
    return low < least ? low - least - 16 : high - most + 16;
  };
  const left = beyond(inner.left, inner.right, outer.left, outer.right);
  const top = beyond(inner.top, inner.bottom, outer.top, outer.bottom);
  if (left !== 0 || top !== 0) box.scrollBy({ left, top });
}

box.addEventListener("focusin", (event) => {
  if (event.target.matches(".tile")) reveal(event.target);
});

arrows(box, TILE);

function tiles() {
  return box.querySelectorAll(TILE);
}
