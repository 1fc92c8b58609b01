// The ravine: SGD's path on two coordinates of the noisy quadratic, one steep and one flat.

import { button } from "./controls.js";
import { make, show } from "./elements.js";
import { Plot, View } from "./plots.js";
import { DIVERGED } from "./quadratic.js";
import { Generator } from "./random.js";

const START = [1, 1];
const SECONDS = 8; // that the whole run takes when it is played

/**
 * The points of SGD's path from START: {steep, flat}, each update's and the start. The curvatures
 * are 1 and 1/condition; the gradients' noise is the same for every schedule.
 */
export function ravinePath(rates, { condition, noise, momentum }) {
  const curvatures = [1, 1 / condition], random = new Generator([0, 0]);
  const [steep, flat] = [0, 1].map((i) => Float64Array.of(START[i], ...rates).fill(0, 1));
  const v = [0, 0];
  for (let t = 0; t < rates.length; t++) {
    [steep, flat].forEach((w, i) => {
      const h = curvatures[i], gradient = h * w[t] + Math.sqrt(noise * h) * random.normal();
      v[i] = momentum * v[i] + gradient;
      w[t + 1] = w[t] - rates[t] * v[i];
    });
  }
  return { steep, flat, curvatures };
}

/** The loss in each direction at a point of the path. */
export const lossesAt = ({ steep, flat, curvatures: [a, b] }, t) =>
  [(a * steep[t] ** 2) / 2, (b * flat[t] ** 2) / 2];

const lossIn = (path, t) => lossesAt(path, t).reduce((a, b) => a + b);

// Lines of equal loss, as curves around the minimum; what is far outside is not seen.
const levels = (condition) => Array.from({ length: 9 }, (_, i) => {
  const size = Math.sqrt(2 * 1.28 * 4 ** -i), turn = Math.PI / 60;
  return { className: "lab-grid", place: (k) => size * Math.sqrt(condition) * Math.cos(k * turn),
    values: Array.from({ length: 121 }, (_, k) => size * Math.sin(k * turn)) };
});

export class RavineView extends View {
  constructor(lab) {
    super(lab, new Plot("Ravine, one noisy run: steep direction ↑", "flat direction →",
      { grid: false, onRead: (t) => lab.readAt(t) }));
    this.plot.cursor.remove();
    this.play = button("Play", () => this.toggle());
    this.element = make("div", { className: "lab-ravine" }, this.plot.element,
      make("div", { className: "lab-row lab-player", role: "group", "aria-label": "Run" },
        button("Start", () => this.seek(0), { "aria-label": "To the start" }),
        button("−1", () => this.seek(lab.at - 1), { "aria-label": "One update back" }), this.play,
        button("+1", () => this.seek(lab.at + 1), { "aria-label": "One update on" }),
        button("End", () => this.seek(Infinity), { "aria-label": "To the end" })));
  }

  seek(t) {
    this.stop();
    this.lab.readAt(t);
  }

  /** Move through the run; at once to its end for those who want no motion. */
  toggle() {
    if (this.playing) return this.stop();
    const { lab } = this, { updates } = lab.state;
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return this.seek(Infinity);
    const from = lab.at >= updates - 1 ? 0 : lab.at, start = performance.now();
    this.play.textContent = "Pause";
    const step = (now) => {
      const t = from + ((now - start) / 1000 / SECONDS) * updates;
      lab.readAt(Math.floor(t));
      if (t >= updates - 1 || this.element.hidden) this.stop();
      else this.playing = requestAnimationFrame(step);
    };
    this.playing = requestAnimationFrame(step);
    return undefined;
  }

  stop() {
    cancelAnimationFrame(this.playing);
    this.playing = 0;
    this.play.textContent = "Play";
  }

  draw(shown) {
    this.found = shown.map(({ rates, ...result }) => {
      const path = this.lab.known("ravine", result.config, () => ravinePath(rates, this.lab.state));
      const start = lossIn(path, 0);
      const lost = rates.findIndex((_, t) => !(lossIn(path, t + 1) <= DIVERGED * start));
      return { ...result, path, until: lost < 0 ? Infinity : lost + 1 };
    });
  }

  columns(t) {
    const part = (i) => ({ name }) => {
      const one = this.found?.find((result) => result.name === name);
      return one ? show(lossesAt(one.path, t)[i]) : "–";
    };
    return { "loss, steep": part(0), "loss, flat": part(1) };
  }

  /** The path up to update t, or until it leaves for good, and the point where it is. */
  moveTo(t) {
    if (!this.found) return;
    const { updates, condition } = this.lab.state;
    const gone = this.found.filter(({ until }) => until < Infinity).slice(0, 1);
    const trails = this.found.map(({ path: { steep, flat }, until, slot }) =>
      ({ values: steep.subarray(0, Math.min(t, until) + 1), place: (i) => flat[i],
        className: `lab-curve lab-trail lab-slot-${slot}` }));
    const marks = trails.map(({ values, place }, i) =>
      ({ x: place(values.length - 1), y: values.at(-1), slot: this.found[i].slot }));
    const axis = { low: -1.6, high: 1.6, count: updates, place: () => 0, index: () => this.lab.at };
    this.plot.draw([...levels(condition), ...trails], { axis, low: -1.6, high: 1.6, marks,
      notes: gone.map(({ name, until, slot }) => ({ text: `${name} leaves at update ${until}`, slot })) });
    const spoken = this.found.map(({ name, path }) => `${name} ${show(path.steep[t])} in the steep ` +
      `direction, ${show(path.flat[t])} in the flat one`);
    this.plot.moveCursor(t, `update ${t}: ${spoken.join("; ")}`);
  }
}
