// What keys do where they are pressed: arrows go from tile to tile and from row to row, and lead out of the filter.

/** Which way an arrow key goes. */
const WAYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
/** Where one types, or chooses by keys of its own. */
const TYPED = "input, select, textarea";

const [filter, rows] = ["filter", "rows"].map((id) => document.getElementById(id));

/** Lets arrow keys go on among what fits this, within a box; in what is a list, right and left go by its order. */
export function arrows(box, place, isList = false) {
  box.addEventListener("keydown", (event) => {
    const way = WAYS[event.key];
    if (!way || !event.target.matches(place)) return;
    event.preventDefault();
    const all = [...box.querySelectorAll(place)];
    const to = isList && way[0] !== 0 ? all[all.indexOf(event.target) + way[0]] : next(event.target, way, all);
    to?.focus();
  });
}

/** The nearest one that way: what lies aside counts double. */
function next(from, [right, down], all) {
  const here = middle(from);
  let [best, least] = [undefined, Infinity];
  for (const one of all) {
    const [x, y] = middle(one);
    const ahead = (x - here[0]) * right + (y - here[1]) * down;
    const aside = Math.abs((x - here[0]) * down) + Math.abs((y - here[1]) * right);
    const far = ahead + 2 * aside;
    if (ahead > 1 && far < least) [best, least] = [one, far];
  }
  return best;
}

function middle(one) {
  const { left, right, top, bottom } = one.getBoundingClientRect();
  return [(left + right) / 2, (top + bottom) / 2];
}

/** Of the filter: Enter opens the first row, and the arrow down leads to it; a slash leads to the filter. */
function found(event) {
  const first = rows.querySelector(".row");
  if (event.target === filter && event.key === "Enter") first?.click();
  else if (event.target === filter && event.key === "ArrowDown") first?.focus();
  else if (event.key === "/" && !event.target.matches?.(TYPED) && !filter.closest("[inert]")) filter.focus();
  else return;
  event.preventDefault();
}

arrows(rows, ".row", true);
document.addEventListener("keydown", (event) => {
  if (!event.ctrlKey && !event.metaKey && !event.altKey) found(event);
});
