// The sections below the schedules: the model, and a schedule's code.

import { COPY, copyAs } from "./copy.js";
import { button, radioControl } from "./controls.js";
import { make } from "./elements.js";

export function modelSection(lab) {
  const { updates, momentum, condition, noise } = lab.settings;
  const controls = [updates, momentum, condition, noise].map(({ element }) => element);
  const hint = "The loss is that of SGD on 20 coordinates, in expectation over the noise, " +
    "computed exactly. Their curvatures h run from 1 down to 1 / condition number; their " +
    "gradients have the variance noise · h.";
  return lab.section("Length of the run, noisy quadratic",
    make("div", { className: "lab-fields" }, ...controls),
    make("p", { className: "lab-hint" }, hint));
}

export class CodeSection {
  constructor(lab) {
    Object.assign(this, { lab, library: "d2lsched" });
    const libraries = Object.fromEntries(Object.keys(COPY).map((name) => [name, name]));
    const choice = radioControl({ label: "Library", choices: libraries, get: () => this.library,
      set: (library) => {
        this.library = library;
        this.show();
      } });
    this.which = make("select", { "aria-label": "Schedule to copy" });
    this.which.addEventListener("change", () => {
      lab.copied = this.which.selectedIndex;
      lab.redraw();
    });
    this.code = make("code");
    const pre = make("pre", { tabIndex: 0, role: "region",
      "aria-label": "Code that makes the schedule" }, this.code);
    const copy = button("Copy", () => copyText(lab, this.code.textContent, "Copied.", this.code));
    this.element = lab.section("Copy as code",
      make("div", { className: "lab-row" }, this.which, choice.element, copy), pre);
  }

  list() {
    const { schedules } = this.lab.state;
    this.which.replaceChildren(...schedules.map(({ name }) => make("option", {}, name)));
    this.which.selectedIndex = this.lab.copied;
    this.which.hidden = schedules.length < 2;
  }

  show() {
    const chosen = this.lab.state.schedules[this.lab.copied];
    this.code.textContent =
      chosen ? copyAs(this.library, chosen.config, this.lab.state.updates) : "";
  }
}

/** Copy a text; where the clipboard is refused, select it where it stands, for Ctrl-C. */
export function copyText(lab, text, said, where) {
  const selected = () => {
    if (where.select) where.select();
    else getSelection().selectAllChildren(where);
    lab.say("Press Ctrl-C to copy.");
  };
  navigator.clipboard?.writeText(text).then(() => lab.say(said), selected) ?? selected();
}
