// The box in which a formula is written; a mistake is shown at its place.

import { textBox } from "./controls.js";
import { make, newId } from "./elements.js";
import { FormulaError, parseFormula } from "./formula.js";

/** The mistake in a text as an element: the text with its place marked, and words; or nothing. */
function mistakeIn(text) {
  try {
    parseFormula(text);
    return undefined;
  } catch (error) {
    if (!(error instanceof FormulaError)) throw error;
    const [from, to] = error.at, wrong = text.slice(from, to) || " ";
    return make("span", {}, make("code", {}, text.slice(0, from), make("mark", {}, wrong),
      text.slice(to)), ` ${error.message}`);
  }
}

/** problem() says what is wrong with the values of the formula that is in force. */
export function formulaControl({ label, get, set, problem }) {
  const id = newId();
  const hint = "Python: t is the update, other names become numbers; + − * / // % **, comparisons, " +
    "if … else, and, or, not, min, max, abs, floor, ceil, sqrt, exp, log, cos, sin, pi.";
  const said = make("p", { className: "lab-mistake", id, role: "status" });
  const box = textBox({ "aria-label": label, "aria-describedby": id, spellcheck: false,
    autocapitalize: "off" }, (text) => { if (!check()) set(text.trim()); });
  const check = () => {
    const mistake = mistakeIn(box.value);
    box.setAttribute("aria-invalid", Boolean(mistake));
    said.replaceChildren(mistake ?? (box.value === box.shown ? problem() : ""));
    return mistake;
  };
  box.addEventListener("input", check);
  box.addEventListener("keyup", ({ key }) => { if (key === "Escape") check(); });
  const refresh = () => {
    box.show(get());
    check();
  };
  refresh();
  return { refresh, element: make("div", { className: "lab-formula" }, box, said,
    make("p", { className: "lab-hint" }, hint)) };
}
