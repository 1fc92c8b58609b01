// The controls of one schedule.

import { textOf } from "./asformula.js";
import { button, choiceControl, flagControl, kindSelect, numberControl, onChoice } from "./controls.js";
import { formulaControl } from "./formulacontrol.js";
import { formulaProblem, numbersFor } from "./formula.js";
import { make } from "./elements.js";
import { TYPES } from "./parameters.js";
import { innersOf, isComposed, parametersOf } from "./schedules.js";
import { converted, initial } from "./valid.js";

/** The controls of one schedule, those of the schedules inside it included. */
export class Editor {
  // clock: {n, unit}: how many updates (or epochs) the schedule lives, as a function.
  // replace(config): put another schedule in its place. label: what it is, for its controls.
  constructor(lab, config, { label, clock, replace, extra = [] }) {
    Object.assign(this, { lab, config, label, clock, replace, parts: [] });
    const select = kindSelect({ "aria-label": `Kind of ${label}`, className: "lab-kind" });
    select.value = config.kind;
    onChoice(select, () => this.convert(select.value));
    this.element = make("div", { className: "lab-editor" },
      make("div", { className: "lab-row" }, select, ...this.structureButtons(), ...extra));
    const fields = make("div", { className: "lab-fields" });
    this.element.append(fields);
    for (const [name, spec] of parametersOf(config)) fields.append(...this.field(name, spec));
  }

  convert(kind) {
    this.replace(converted(this.config, kind, this.clock().n), ".lab-kind");
  }

  structureButtons() {
    const { kind } = this.config;
    if (isComposed(kind)) {
      const out = () => this.replace(innersOf(this.config)[0], ".lab-kind");
      return [button("Unwrap", out, { "aria-label": `Unwrap ${this.label}`,
        title: "Leave only the first schedule inside" })];
    }
    const text = kind === "Formula" ? null : textOf(this.config, "t", this.clock().n);
    const formula = { kind: "Formula", expression: text, numbers: [] };
    const buttons = [button("Add warmup", () => this.convert("Warmup"),
      { "aria-label": `Add warmup to ${this.label}` })];
    if (text) buttons.push(button("As formula", () => this.replace(formula, ".lab-formula input"),
      { "aria-label": `Write ${this.label} as a formula` }));
    return buttons;
  }

  add(control) {
    this.parts.push(control);
    return control.element;
  }

  field(name, spec) {
    const special = { schedule: () => [this.inner(name)], schedules: () => this.inners(),
      milestones: () => this.config.kind === "Sequential" ? [] : this.list(name, "milestone"),
      points: () => this.list(name, "point"), formula: () => [this.formula()],
      numbers: () => this.numbers() }[spec.type];
    return special ? special() : [this.add(this.plain(name, spec))];
  }

  plain(name, spec) {
    const get = () => this.config[name];
    const set = (value, source) => {
      this.config[name] = value;
      this.lab.edited(source);
    };
    if (spec.type === "flag") return flagControl({ label: name, get, set });
    if (spec.type === "choice")
      return choiceControl({ label: name, choices: spec.choices, get, set });
    if (spec.type === "down") { // null stands for as long as the rise
      const up = () => this.config.step_size;
      return this.number(name, "updates", () => get() ?? up(),
        (value, source) => set(value === up() ? null : value, source));
    }
    const unused = name === "gamma" && this.config.kind === "Cyclical";
    return this.number(name, spec.type, get, set,
      ...(unused ? [() => this.config.mode !== "exp_range", "of exp_range"] : []));
  }

  formula() {
    return this.add(formulaControl({ label: `formula of ${this.label}`,
      get: () => this.config.expression,
      problem: () => formulaProblem(this.config, this.clock().n),
      set: (expression) => {
        this.config.numbers = numbersFor(expression, this.config.numbers);
        this.config.expression = expression;
        this.lab.restructured(".lab-formula input", this.label);
      } }));
  }

  numbers() {
    return this.config.numbers.map(([name], i) => this.add(this.number(name, "number",
      () => this.config.numbers[i][1], (value, source) => {
        this.config.numbers[i] = [name, value];
        this.lab.edited(source);
      })));
  }

  number(label, type, get, set, disabled, note) {
    const { unit, clock, per, scale, ...rest } = TYPES[type];
    const time = per ? `per ${this.clock().unit.slice(0, -1)}` : this.clock().unit;
    return numberControl({ ...rest, label, unit: note ?? (clock ? time : unit),
      refuse: (text) => this.lab.say(text, true),
      scale: () => scale(this.clock().n), get, set, disabled });
  }

  inner(name) {
    const clock = this.config.kind === "PerEpoch"
      ? () => ({ n: Math.ceil(this.clock().n / this.config.steps_per_epoch), unit: "epochs" })
      : this.clock;
    return this.nested(this.config, name, { label: `the schedule inside ${this.label}`, clock });
  }

  /** The controls of a schedule inside this one, which stands in a place of its own there. */
  nested(holder, place, options) {
    const replace = (config, focus) => {
      holder[place] = config;
      this.lab.restructured(focus, this.label);
    };
    const editor = new Editor(this.lab, holder[place], { ...options, replace });
    return make("div", { className: "lab-inner", role: "group", "aria-label": options.label },
      this.add(editor));
  }

  inners() {
    const { schedules, kind } = this.config;
    const elements = schedules.flatMap((_, i) => {
      const label = `part ${i + 1} of ${this.label}`;
      const least = kind === "Sequential" ? 2 : 1;
      const extra = schedules.length > least ? [button("Remove", () => this.removePart(i),
        { "aria-label": `Remove ${label}` })] : [];
      const start = kind === "Sequential" && i > 0 ? [this.add(this.boundary(i))] : [];
      return [...start, this.nested(schedules, i, { label, clock: this.clock, extra })];
    });
    return [...elements, button("Add a part", () => this.addPart(),
      { "aria-label": `Add a part to ${this.label}` })];
  }

  boundary(i) {
    const { boundaries } = this.config;
    const set = (value, source) => {
      boundaries[i - 1] = value;
      this.lab.edited(source);
    };
    return this.number(`part ${i + 1} starts at`, "updates", () => boundaries[i - 1], set);
  }

  addPart() {
    const { schedules, boundaries, kind } = this.config, { n } = this.clock();
    schedules.push(kind === "Product" ? { kind: "Constant", lr: 1 } : initial("Constant", n));
    boundaries?.push(Math.max(boundaries.at(-1) + 1, Math.round((boundaries.at(-1) + n) / 2)));
    this.lab.restructured();
  }

  removePart(i) {
    this.config.schedules.splice(i, 1);
    this.config.boundaries?.splice(Math.max(i - 1, 0), 1);
    this.lab.restructured();
  }

  // Milestones, and points of (update, rate).
  list(name, word) {
    const rows = this.config[name].map((item, i) => {
      const remove = button("Remove", () => this.setItems(name, this.config[name].toSpliced(i, 1)),
        { "aria-label": `Remove ${word} ${i + 1}`, hidden: this.config[name].length < 2 });
      const edit = (change) => (value, source) => {
        this.config[name][i] = change(this.config[name][i], value);
        this.lab.edited(source);
      };
      const at = () => this.config[name][i];
      const controls = word === "milestone"
        ? [this.number(`${word} ${i + 1}`, "updates", at, edit((_, value) => value))]
        : [this.number(`${word} ${i + 1}, t`, "count", () => at()[0], edit(([, lr], t) => [t, lr])),
          this.number(`${word} ${i + 1}, lr`, "rate", () => at()[1], edit(([t], lr) => [t, lr]))];
      const elements = controls.map((control) => this.add(control));
      return make("div", { className: "lab-item" }, make("div", {}, ...elements), remove);
    });
    const more = () => {
      const last = this.config[name].at(-1), { n } = this.clock();
      const later = (t) => Math.round(t + Math.max(1, (n - t) / 2));
      const item = word === "milestone" ? later(last) : [later(last[0]), last[1]];
      this.setItems(name, [...this.config[name], item]);
    };
    return [...rows, button(`Add a ${word}`, more,
      { "aria-label": `Add a ${word} to ${this.label}` })];
  }

  setItems(name, items) {
    this.config[name] = items;
    this.lab.restructured();
  }

  refresh(source) {
    for (const control of this.parts) control.refresh(source);
  }
}
