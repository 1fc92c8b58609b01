// Elements of the page, and numbers and lines as text.

import { rounded } from "./parameters.js";

export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  // Else JupyterLab takes the arrow keys; an ancestor's mark would come too late.
  if (OPERATED.has(tag)) element.dataset.lmSuppressShortcuts = "true";
  element.append(...children);
  return element;
}
const OPERATED = new Set(["input", "select", "button", "summary", "pre"]);

export function setAttributes(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
}

let made = 0;
export const newId = () => `lab-part-${++made}`;

export function show(x) {
  if (!Number.isFinite(x)) return "∞";
  return Math.abs(x) < 1e5 ? String(rounded(x)) : x.toExponential(2).replace("e+", "e");
}
export const escaped = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
export const sample = (slot) => `<svg class="lab-sample" viewBox="0 0 32 12" aria-hidden="true">` +
  `<path class="lab-curve lab-slot-${slot}" d="M1 6H31"/></svg>`;
