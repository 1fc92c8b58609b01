// The lab: plots, readout, a card for each schedule, and the sections below them.

import { axisFor, lowestAndHighest } from "./axes.js";
import {
  button, flagControl, kindSelect, numberControl, onChoice, radioControl, textBox,
} from "./controls.js";
import { Editor } from "./editor.js";
import { escaped, make, newId, sample, show } from "./elements.js";
import { asCsv, asSvg, download } from "./export.js";
import { Handles } from "./handles.js";
import { History } from "./history.js";
import { LossView } from "./losses.js";
import { linear, logarithmic } from "./parameters.js";
import { PeaksView } from "./peaks.js";
import { Plot, updatesAxis } from "./plots.js";
import { divergesAt, losses } from "./quadratic.js";
import { PRESETS } from "./presets.js";
import { RavineView } from "./ravine.js";
import { table } from "./schedules.js";
import { CodeSection, modelSection } from "./sections.js";
import {
  MOST, RANGES, completed, freeSlot, fromLink, isAutomatic, nearest, uniqueName,
} from "./state.js";
import { AccuracyView, TrainingLossView, TrainingSection, epochsOf } from "./training.js";
import { changes, clamp, initial, mended } from "./valid.js";

const VIEWS = { loss: [LossView, "expected loss"], peaks: [PeaksView, "loss by peak"],
  ravine: [RavineView, "ravine"], training: [TrainingLossView, "training loss"],
  accuracy: [AccuracyView, "accuracy"] };

export class Lab {
  /**
   * Fill an element. onChange is called with the state whenever the reader has changed it. world:
   * where to train; images() promises {bytes, train, validation}, kernel is JupyterLab's.
   */
  constructor(root, state, onChange = () => {}, world = undefined) {
    Object.assign(this, { root, onChange, world, copied: 0, cache: new Map() });
    this.state = completed(state);
    this.beginning = structuredClone(this.state);
    this.history = new History(this.state);
    this.at = Math.floor(this.state.updates / 2);
    this.build();
    this.buildCards();
    this.redraw();
    new ResizeObserver(() => this.resized()).observe(this.plots);
  }

  // --- structure

  build() {
    this.summary = make("p", { className: "lab-unseen", role: "status", id: newId() });
    this.ratePlot = new Plot("Learning rate η", "update t",
      { stairs: true, onRead: (t) => this.readAt(t) });
    this.views = Object.fromEntries(
      Object.entries(VIEWS).map(([name, [View]]) => [name, new View(this)]));
    this.message = make("p", { className: "lab-message", role: "status" });
    this.plots = make("div", { className: "lab-plots" }, this.ratePlot.element,
      ...Object.values(this.views).map(({ element }) => element), this.message);
    for (const plot of this.plots.querySelectorAll(".lab-plot"))
      plot.setAttribute("aria-describedby", this.summary.id);
    this.handles = new Handles(this);
    this.readout = make("table", { className: "lab-readout" });
    this.cards = make("div", { className: "lab-cards" });
    this.settings = this.settingControls();
    this.code = new CodeSection(this);
    this.trainer = this.world && new TrainingSection(this);
    this.root.replaceChildren(this.plots, this.summary,
      make("div", { className: "lab-scroll" }, this.readout), this.axisRow(), this.cards,
      this.addRow(), modelSection(this), ...(this.trainer ? [this.trainer.element] : []),
      this.code.element);
    this.root.classList.add("lab-ready");
    this.listen();
  }

  listen() {
    const keys = { z: -1, Z: 1, y: 1 };
    this.root.addEventListener("keydown", (event) => {
      const { key, ctrlKey, metaKey, altKey, target } = event;
      if (!(ctrlKey || metaKey) || altKey || !(key in keys)) return;
      if (target.shown !== undefined && target.value !== target.shown) return; // still being typed
      event.preventDefault();
      event.stopPropagation();
      this.travel(event.shiftKey ? 1 : keys[key]);
    });
    this.root.addEventListener("change", () => this.history.pause());
    // A finger that begins on a slider may turn out to scroll the page.
    this.root.addEventListener("pointerdown", () => {
      this.history.pause();
      this.touched = JSON.stringify(this.state);
    });
    this.root.addEventListener("pointercancel", () => {
      if (this.touched !== JSON.stringify(this.state)) this.travel(-1);
    });
  }

  addRow() {
    const select = kindSelect({ "aria-label": "Kind of the schedule to add" });
    select.value = "StepDecay";
    this.addButton = button("Add schedule",
      () => this.add(initial(select.value, this.state.updates)));
    this.full = make("span", { className: "lab-hint" }, `${MOST} schedules are the most.`);
    const begin = make("select", { "aria-label": "Begin with" },
      ...["Begin with …", ...Object.keys(PRESETS)].map((name) => make("option", {}, name)));
    onChoice(begin, () => {
      if (begin.selectedIndex) this.change(fromLink("lab", `lab&${PRESETS[begin.value]}`));
      begin.selectedIndex = 0;
    });
    this.actions = make("div", { className: "lab-row lab-actions" }, select, this.addButton,
      this.full, begin, button("Undo", () => this.travel(-1)), button("Redo", () => this.travel(1)),
      button("Reset", () => this.change(this.beginning)),
      button("Save CSV", () => download("schedules.csv", "text/csv",
        asCsv(this.shown, this.state.updates))),
      button("Save SVG", () => download("schedules.svg", "image/svg+xml",
        asSvg([this.ratePlot.svg, this.view.element.querySelector("svg")],
          getComputedStyle(this.plots).backgroundColor))));
    return this.actions;
  }

  settingControls() {
    const set = (name) => (value, source) => {
      this.state[name] = value;
      this.edited(source);
    };
    const get = (name) => () => this.state[name];
    const number = (name, label, unit, scale, whole = false, own = get(name)) => numberControl({
      label, unit, scale, whole, min: RANGES[name][0], max: RANGES[name][1], get: own,
      set: set(name), refuse: (text) => this.say(text, true) });
    const flag = (name, label) =>
      flagControl({ label, get: () => this.state[name], set: set(name) });
    const choices = Object.fromEntries(
      Object.entries(VIEWS).map(([name, [, label]]) => [name, label]));
    return {
      view: radioControl({ label: "Beside the rate", choices, get: () => this.state.view,
        set: set("view") }),
      log: flag("log", "rate on a log axis"),
      logLoss: flag("logLoss", "loss on a log axis"),
      updates: number("updates", "length of the run", "updates",
        () => logarithmic(10, 20000), true),
      momentum: number("momentum", "momentum", "of SGD", () => linear(0, 0.99, 0.01)),
      condition: number("condition", "condition number", "", () => logarithmic(1, 1e4)),
      noise: number("noise", "gradient noise", "variance", () => logarithmic(1e-4, 10, true)),
      optimizer: radioControl({ label: "Optimizer", choices: { sgd: "SGD", adam: "Adam" },
        get: () => this.state.optimizer, set: set("optimizer") }),
      trainMomentum: number("trainMomentum", "momentum", "of training", () => linear(0, 0.99, 0.01)),
      epochs: number("epochs", "epochs", "of 78 updates", () => linear(...RANGES.epochs, 1), true,
        () => epochsOf(this.state)),
      seeds: number("seeds", "seeds", "each a run", () => linear(...RANGES.seeds, 1), true),
    };
  }

  axisRow() {
    const elements = ["view", "log", "logLoss"].map((name) => this.settings[name].element);
    return make("div", { className: "lab-row lab-axes" }, ...elements);
  }

  /** A part that is closed at first where there is little room for it. */
  section(title, ...content) {
    const open = this.root.clientWidth > 880;
    return make("details", { className: "lab-section", open },
      make("summary", {}, title), ...content);
  }

  buildCards() {
    const { schedules } = this.state;
    const clock = () => ({ n: this.state.updates, unit: "updates" });
    this.editors = schedules.map((schedule) => new Editor(this, schedule.config, {
      label: schedule.name, clock,
      replace: (config, focus) => this.replace(schedule, config, focus) }));
    this.cards.replaceChildren(
      ...schedules.map((schedule, i) => this.card(schedule, this.editors[i])));
    this.copied = clamp(this.copied, [0, Math.max(schedules.length - 1, 0)]);
    this.code.list();
    this.full.hidden = schedules.length < MOST;
  }

  card(schedule, editor) {
    const { schedules } = this.state;
    const name = textBox({ className: "lab-name", "aria-label": "Name of the schedule",
      maxLength: 40 }, (text) => {
      const others = schedules.filter((other) => other !== schedule);
      schedule.name = uniqueName(text.trim() || schedule.config.kind, others);
      this.restructured(".lab-name", schedule.name);
    });
    name.show(schedule.name);
    const hide = flagControl({ label: "show", get: () => !schedule.hidden, set: (shown) => {
      schedule.hidden = !shown;
      this.edited();
    } });
    const line = make("span");
    line.innerHTML = sample(schedule.slot);
    const head = make("div", { className: "lab-row lab-head" }, line, name, hide.element,
      button("Duplicate", () => this.add(structuredClone(schedule.config), schedule.name),
        { "aria-label": `Duplicate ${schedule.name}` }),
      button("Remove", () => this.remove(schedule), { "aria-label": `Remove ${schedule.name}` }));
    const card = make("div", { className: "lab-card", role: "group", "aria-label": schedule.name },
      head, editor.element);
    card.addEventListener("focusin", () => this.choose(schedules.indexOf(schedule)));
    return card;
  }

  /** The schedule that is being worked on is the one whose code is shown. */
  choose(index) {
    if (index === this.copied || index < 0) return;
    this.copied = index;
    this.code.list();
    this.redraw();
  }

  /** Put another kind of schedule in a schedule's place; a name of its own stays. */
  replace(schedule, config, focus) {
    const others = this.state.schedules.filter((other) => other !== schedule);
    if (isAutomatic(schedule.name, schedule.config.kind))
      schedule.name = uniqueName(config.kind, others);
    schedule.config = config;
    this.restructured(focus, schedule.name);
  }

  add(config, name = config.kind) {
    const { schedules } = this.state;
    if (schedules.length >= MOST) {
      this.say(`${MOST} schedules are the most: remove one first.`, true);
      return;
    }
    const entry = { name: uniqueName(name, schedules), config, hidden: false,
      slot: freeSlot(schedules) };
    schedules.push(entry);
    this.copied = schedules.length - 1;
    this.restructured(".lab-kind", entry.name);
  }

  remove(schedule) {
    this.state.schedules.splice(this.state.schedules.indexOf(schedule), 1);
    this.restructured();
    this.addButton.focus();
    this.say(`${schedule.name} removed.`);
  }

  // --- changes

  /** Values have changed, by the control `source`: mend and show them all. */
  edited(source) {
    const { state } = this, asked = structuredClone(state);
    for (const key of Object.keys(asked))
      if (key !== "schedules") state[key] = nearest(key, state[key]);
    for (const { config } of state.schedules) mended(config);
    const impossible = changes(asked, state);
    this.say(impossible.length ? `${impossible.join("; ")}.` : "", true);
    this.refresh(source);
    this.history.record(state, source);
    this.onChange(state);
  }

  refresh(source) {
    this.at = clamp(this.at, [0, this.state.updates - 1]);
    this.editors.forEach((editor) => editor.refresh(source));
    Object.values(this.settings).forEach((control) => control.refresh(source));
    this.redraw();
  }

  /** Schedules have come, gone or changed their kind: make their controls anew. */
  restructured(focus, label) {
    this.buildCards();
    this.edited();
    if (focus) this.cardOf(label)?.querySelector(focus)?.focus();
  }

  cardOf(label) {
    return [...this.cards.children].find((card) => card.getAttribute("aria-label") === label);
  }

  /** Show a state that comes from outside, or from the past; the focus stays where it was. */
  setState(state) {
    const operated = () => [...this.root.querySelectorAll("input, select, button, [tabindex]")];
    const focused = operated().indexOf(this.root.getRootNode().activeElement);
    this.state = completed(state);
    this.buildCards();
    this.refresh();
    this.say("");
    this.history.record(this.state);
    if (focused >= 0) operated()[focused]?.focus();
  }

  /** Show a state that the reader asks for. */
  change(state) {
    this.setState(state);
    this.onChange(this.state);
  }

  travel(step) {
    const state = this.history.go(step);
    if (!state) {
      this.say(step < 0 ? "There is nothing to undo." : "There is nothing to redo.");
      return;
    }
    this.setState(state);
    this.onChange(this.state);
  }

  // --- drawing

  /** Draw before the next frame: a drag may bring several events until then. */
  redraw() {
    if (!this.waiting) this.waiting = requestAnimationFrame(() => {
      this.waiting = 0;
      this.draw();
    });
  }

  resized() {
    this.sized = undefined;
    this.redraw();
  }

  get view() {
    return this.views[this.state.view];
  }

  /** What is computed of a schedule under the present settings, and kept while they are used. */
  known(what, config, compute) {
    const { updates, condition, noise, momentum } = this.state;
    const key = JSON.stringify([what, config, updates, condition, noise, momentum]);
    if (this.cache.size > 4 * MOST) this.cache.clear();
    if (!this.cache.has(key)) this.cache.set(key, compute());
    return this.cache.get(key);
  }

  curves(config) {
    const rates = table(config, this.state.updates), loss = losses(rates, this.state);
    return { rates, loss, diverges: divergesAt(loss) };
  }

  draw() {
    const { updates, log, momentum, schedules } = this.state;
    if (!this.root.isConnected) return;
    const hidden = Object.values(this.views).map((view) => view.element.hidden = view !== this.view);
    if (!this.sized || hidden.join() !== this.hidden)
      for (const plot of [this.ratePlot, this.view.plot]) plot.measure();
    Object.assign(this, { sized: true, hidden: hidden.join() });
    this.shown = schedules.filter((schedule) => !schedule.hidden).map((schedule) => ({ ...schedule,
      ...this.known("curves", schedule.config, () => this.curves(schedule.config)) }));
    // While a handle is held, the axis stays.
    if (this.handles.held === undefined)
      this.ends = axisFor(this.shown.flatMap(({ rates }) => lowestAndHighest(rates)), log, Infinity);
    const level = 2 * (1 + momentum);
    this.ratePlot.draw(this.shown.map(({ rates, slot }) => ({ values: rates, slot })), {
      axis: updatesAxis(updates), log, ...this.ends, level,
      notes: level < this.ends.high ? [{ text: "above this, the quadratic diverges" }] : [] });
    this.handles.draw();
    this.view.draw(this.shown);
    this.showReadout();
    this.code.show();
    clearTimeout(this.quiet); // spoken once, after the last change
    this.quiet = setTimeout(() => { this.summary.textContent = this.described(); }, 700);
  }

  readAt(t) {
    this.at = clamp(t, [0, this.state.updates - 1]);
    this.showReadout();
  }

  showReadout() {
    const t = this.at, { shown = [], view } = this;
    const { head, ...others } = view.columns(t);
    const cells = head ? others : { "rate η": ({ rates }) => show(rates[t]), ...others };
    const rows = shown.map((result) => `<tr><th scope="row">${sample(result.slot)} ` +
      `${escaped(result.name)}</th><td>` +
      `${Object.values(cells).map((cell) => cell(result)).join("</td><td>")}</td></tr>`);
    const heads = [head ?? `at update <b>${t}</b>`, ...Object.keys(cells)]
      .map((text) => `<th scope="col">${text}</th>`);
    this.readout.innerHTML =
      `<thead><tr>${heads.join("")}</tr></thead><tbody>${rows.join("")}</tbody>`;
    const spoken = shown.map(({ name, rates }) => `${name} ${show(rates[t])}`).join(", ");
    this.ratePlot.moveCursor(t, `update ${t}: ${spoken}`);
    view.moveTo(t, shown);
  }

  /** What is to be seen, for those who do not see it. */
  described() {
    const { updates } = this.state;
    if (!this.shown.length) return "No schedule is shown.";
    return this.shown.map(({ name, rates, loss, diverges }) => {
      const top = rates.reduce((best, x, t) => (x > rates[best] ? t : best), 0);
      const end = diverges >= 0 ? `diverges at update ${diverges}`
        : `goes from ${show(loss[0])} to ${show(loss.at(-1))}`;
      return `${name}: the rate goes from ${show(rates[0])} at update 0 to ` +
        `${show(rates.at(-1))} at update ${updates - 1}, highest ${show(rates[top])} at ` +
        `update ${top}; the expected loss ${end}.`;
    }).join(" ");
  }

  /** Say it beside the plots, in sight: for a while, or until the next change. */
  say(text, stays = false) {
    clearTimeout(this.silence);
    if (this.message.textContent !== text) this.message.textContent = text;
    if (text && !stays) this.silence = setTimeout(() => this.say(""), 4000);
  }
}
