// Handles on the curve of the schedule that is being worked on: drag them, and it follows.
//
// They do with the pointer what the controls do for everyone, so they are hidden from others.

import { setAttributes } from "./elements.js";
import { peak, rate, table } from "./schedules.js";

const SVG = "http://www.w3.org/2000/svg";

/** Where a schedule has handles: {t, lr, move(t, lr)}, which changes the schedule. */
export function handlesOf(config, updates) {
  const found = [], add = (t, lr, move) => found.push({ t, lr, move });
  const top = config.lr !== undefined ? "lr" : "max_lr";
  const along = (name) => add(config[name], rate(config, config[name]), (t) => { config[name] = t; });
  if (config.kind === "Piecewise") {
    config.points.forEach(([t, lr], i) =>
      add(t, lr, (time, height) => { config.points[i] = [time, height]; }));
  } else if (config[top] !== undefined) {
    const highest = table(config, updates).reduce((best, x, t, all) => (x > all[best] ? t : best), 0);
    add(highest, peak(config), (_, lr) => { config[top] = lr; });
  }
  if (config.kind === "MultiStepDecay") config.milestones.forEach((m, i) =>
    add(m, rate(config, m), (t) => { config.milestones[i] = t; }));
  if (config.kind === "Sequential") config.boundaries.forEach((b, i) =>
    add(b, rate(config, b), (t) => { config.boundaries[i] = t; }));
  if (config.kind === "Warmup") along("steps");
  if (/^(WarmupStableDecay|InverseSqrtDecay)$/.test(config.kind)) along("warmup_steps");
  if (config.kind === "WarmupStableDecay") {
    const start = config.steps - config.decay_steps;
    add(start, rate(config, start), (t) => { config.decay_steps = config.steps - t; });
  }
  if (config.kind === "Warmup" && config.schedule.lr !== undefined)
    add(config.steps, peak(config), (_, lr) => { config.schedule.lr = lr; });
  // Where two would lie on each other there is one, which does what both do.
  const places = new Map();
  for (const { t, lr, move } of found) {
    const here = places.get(t);
    places.set(t, here ? { ...here, move: (x, y) => { here.move(x, y); move(x, y); } } : { t, lr, move });
  }
  return [...places.values()].filter(({ t, lr }) => t <= updates && Number.isFinite(lr));
}

export class Handles {
  constructor(lab) {
    Object.assign(this, { lab, plot: lab.ratePlot, held: undefined });
    this.group = document.createElementNS(SVG, "g");
    this.plot.svg.append(this.group);
    const { element } = this.plot;
    element.addEventListener("pointerdown", (event) => this.hold(event), true);
    element.addEventListener("pointermove", (event) => this.move(event));
    element.addEventListener("pointerup", () => this.release());
    element.addEventListener("pointercancel", () => this.release());
  }

  get chosen() {
    const { state, copied } = this.lab, chosen = state.schedules[copied];
    return chosen?.hidden ? undefined : chosen;
  }

  draw() {
    const { chosen, plot } = this, { updates } = this.lab.state;
    this.handles = chosen ? handlesOf(chosen.config, updates) : [];
    while (this.group.childElementCount > this.handles.length) this.group.lastChild.remove();
    while (this.group.childElementCount < this.handles.length)
      this.group.append(document.createElementNS(SVG, "circle"));
    this.handles.forEach(({ t, lr }, i) => setAttributes(this.group.children[i], { r: 7,
      class: `lab-handle lab-slot-${chosen.slot}`, cx: plot.x(t), cy: plot.y(lr) }));
  }

  hold(event) {
    const index = [...this.group.children].indexOf(event.target);
    if (index < 0) return;
    const { x, up } = this.plot.under(event), { t, lr } = this.handles[index];
    this.held = index;
    this.off = { x: x - t, up: up - this.plot.upOf(lr) }; // where within the handle it is held
    this.plot.element.setPointerCapture(event.pointerId);
    this.lab.history.pause();
  }

  move(event) {
    if (this.held === undefined) return;
    const { x, up } = this.plot.under(event), { updates } = this.lab.state;
    const t = Math.round(Math.min(Math.max(x - this.off.x, 0), updates));
    const height = Math.min(Math.max(up - this.off.up, 0), 1.05);
    const lr = Number(Math.max(this.plot.value(height), 0).toPrecision(3));
    this.handles[this.held]?.move(t, lr);
    this.lab.edited(this);
  }

  release() {
    if (this.held !== undefined) this.lab.history.pause();
    this.held = undefined;
  }
}
