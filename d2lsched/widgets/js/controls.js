// Controls: each is {element, refresh}.
//
// refresh shows the value again, which mending or another control may have changed.

import { make, newId, show } from "./elements.js";
import { rounded } from "./parameters.js";
import { GROUPS } from "./schedules.js";

const labelFor = (text, unit, properties) => make("label", properties, text,
  ...(unit ? [make("span", { className: "lab-unit" }, ` ${unit}`)] : []));

// What one press of an arrow key changes in a number box: a tenth of the leading digit.
const stepOf = (value, whole) =>
  whole ? 1 : 10 ** (Math.floor(Math.log10(Math.abs(value) || 0.01)) - 1);

/** The number that a text means, the decimal comma included; NaN if it means none. */
export function numberIn(text, whole = false) {
  const plain = whole ? text.replace(/(\d),(?=\d{3}\b)/g, "$1") : text;
  const found = plain.trim().replace(",", ".").match(/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i);
  return found ? Number(found[0]) : NaN;
}

/** A text box whose text counts once it is left, or Enter pressed; Escape takes it back. */
export function textBox(properties, enter) {
  const box = make("input", { type: "text", autocomplete: "off", ...properties });
  // What is typed waits: on the way to 0.3 there is a 0, which would pull other values down.
  box.addEventListener("change", () => enter(box.value));
  box.addEventListener("keydown", ({ key }) => { if (key === "Escape") box.show(box.shown); });
  box.show = (text) => { box.value = box.shown = text; };
  return box;
}

export function numberControl({ label, unit, whole, min, max, scale, get, set, refuse,
  disabled = () => false }) {
  const id = newId();
  const enter = (text) => {
    const value = numberIn(text, whole);
    if (Number.isFinite(value)) set(value, number);
    else refuse(`${label} stays ${show(get())}: “${text}” is not a number.`);
    refresh(); // shows what became of an impossible value
  };
  const number = textBox({ id, className: "lab-number", role: "spinbutton",
    inputMode: whole ? "numeric" : "decimal" }, enter);
  if (min === 0 || min >= 1) number.setAttribute("aria-valuemin", min);
  if (max !== undefined) number.setAttribute("aria-valuemax", max);
  const slider = make("input", { type: "range", "aria-labelledby": `${id}-label` });
  const element = make("div", { className: "lab-control" },
    labelFor(label, unit, { id: `${id}-label`, htmlFor: id }), slider, number);
  const refresh = (source) => {
    const value = get(), { at, min, max, step } = scale();
    Object.assign(slider, { min, max, step, disabled: disabled() });
    number.disabled = disabled();
    if (source !== slider) slider.value = Math.round(at(value) / step) * step;
    slider.setAttribute("aria-valuetext", `${show(value)} ${unit ?? ""}`);
    number.setAttribute("aria-valuenow", value);
    number.show(String(rounded(value, 6)));
  };
  slider.addEventListener("input", () => {
    const value = scale().value(Number(slider.value));
    set(whole ? Math.round(value) : rounded(value, 6), slider);
  });
  number.addEventListener("keydown", (event) => {
    const up = { ArrowUp: 1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key];
    const value = numberIn(number.value, whole);
    if (!up || !Number.isFinite(value)) return;
    event.preventDefault();
    number.value = rounded(value + up * stepOf(value, whole), 6);
    number.dispatchEvent(new Event("change", { bubbles: true }));
  });
  refresh();
  return { element, refresh };
}

export function flagControl({ label, get, set }) {
  const box = make("input", { type: "checkbox" });
  const refresh = () => { box.checked = get(); };
  box.addEventListener("change", () => set(box.checked));
  refresh();
  return { element: make("label", { className: "lab-flag" }, box, ` ${label}`), refresh };
}

export function choiceControl({ label, choices, get, set }) {
  const id = newId();
  const options = choices.map((value) => make("option", { value }, value));
  const select = make("select", { id }, ...options);
  const refresh = () => { select.value = get(); };
  select.addEventListener("change", () => set(select.value));
  refresh();
  const element = make("div", { className: "lab-control" },
    labelFor(label, "", { htmlFor: id }), select);
  return { element, refresh };
}

/** One of several, all in sight: choices maps values to labels. */
export function radioControl({ label, choices, get, set }) {
  const name = newId();
  const radios = Object.entries(choices).map(([value, text]) => {
    const radio = make("input", { type: "radio", name, value });
    radio.addEventListener("change", () => set(value));
    return [radio, make("label", { className: "lab-flag" }, radio, ` ${text}`)];
  });
  const refresh = () => { for (const [radio] of radios) radio.checked = radio.value === get(); };
  refresh();
  const element = make("div", { className: "lab-row lab-choice", role: "group", "aria-label": label },
    ...radios.map(([, element]) => element));
  return { element, refresh };
}

export function kindSelect(properties) {
  return make("select", properties, ...Object.entries(GROUPS).map(([label, kinds]) =>
    make("optgroup", { label }, ...kinds.map((value) => make("option", { value }, value)))));
}

/** Act when an option has been chosen: every letter typed chooses, so after a pause. */
export function onChoice(select, act) {
  let typed = false, timer = 0;
  select.addEventListener("keydown", ({ key }) => { typed = key.length === 1; });
  select.addEventListener("change", () => {
    clearTimeout(timer);
    if (typed) timer = setTimeout(act, 600);
    else act();
  });
}

export const button = (text, onclick, properties = {}) =>
  make("button", { type: "button", onclick, ...properties }, text);
