// Makes elements, and brings what is shown to what is to be shown without losing focus, scroll or selection.

/** An element of which every text stays text. Children that are null, false or undefined are left out. */
export function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [attribute, value] of Object.entries(attributes ?? {})) {
    if (value !== undefined && value !== null && value !== false) made.setAttribute(attribute, value);
  }
  made.append(...children.flat().filter((child) => child !== undefined && child !== null && child !== false));
  return made;
}

/** The sign of a state, in its colour; the word stands beside it. */
export function sign(state, text) {
  return element("span", { class: `sign is-${state.toLowerCase()}`, "aria-hidden": "true" }, text);
}

/** Shows these children in place of those that are there. What is the same stays, with whatever has the focus in it. */
export function show(container, ...children) {
  const focused = document.activeElement;
  const key = container.contains(focused) ? focused.dataset?.key : undefined;
  morphChildren(container, children);
  if (key !== undefined && !focused.isConnected) keyed(container, key)?.focus({ preventScroll: true });
}

/** The first element of a key. */
export function keyed(container, key) {
  return container.querySelector(`[data-key="${CSS.escape(key)}"]`);
}

function morph(old, fresh) {
  const other = old.nodeName !== fresh.nodeName || old.dataset?.key !== fresh.dataset?.key;
  if (other) {
    old.replaceWith(fresh);
  } else if (old.nodeType === Node.ELEMENT_NODE) {
    morphAttributes(old, fresh);
    morphChildren(old, [...fresh.childNodes]);
  } else if (old.data !== fresh.data) {
    old.data = fresh.data;
  }
}

function morphChildren(old, fresh) {
  const before = [...old.childNodes];
  fresh.forEach((child, at) => (at < before.length ? morph(before[at], child) : old.append(child)));
  before.slice(fresh.length).forEach((child) => child.remove());
}

function morphAttributes(old, fresh) {
  for (const { name } of [...old.attributes]) {
    if (name !== "style" && !fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
}
