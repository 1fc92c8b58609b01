// The view of the loss at the end over the peak: each schedule scaled up and down as a whole.

import { axisFor, lowestAndHighest, tickText } from "./axes.js";
import { show } from "./elements.js";
import { Plot, View } from "./plots.js";
import { DIVERGED, losses } from "./quadratic.js";
import { peak } from "./schedules.js";

const [LOW, HIGH, COUNT] = [-3, 1, 41]; // powers of ten, ten points in each
const PEAKS = Array.from({ length: COUNT }, (_, i) => 10 ** (LOW + ((HIGH - LOW) * i) / (COUNT - 1)));
const AXIS = { low: LOW, high: HIGH, count: COUNT, place: (i) => Math.log10(PEAKS[i]),
  index: (x) => ((x - LOW) / (HIGH - LOW)) * (COUNT - 1), text: (power) => tickText(10 ** power) };

export class PeaksView extends View {
  constructor(lab) {
    super(lab, new Plot("Loss at the end", "peak of the schedule", { reads: "peak to read",
      onRead: (i) => {
        this.at = i;
        lab.showReadout();
      } }));
    this.at = Math.round(COUNT / 2);
  }

  /** The loss at the end for each of PEAKS, the best of them, and which are at most twice as bad. */
  sweep({ config, rates }) {
    const top = peak(config), shape = rates.map((x) => (top ? x / top : 0));
    const values = PEAKS.map((p) => {
      const found = losses(shape.map((x) => x * p), this.lab.state), last = found.at(-1);
      return last <= DIVERGED * found[0] ? last : Infinity;
    });
    const best = values.reduce((b, x, i) => (x < values[b] ? i : b), 0);
    const fine = PEAKS.filter((_, i) => values[i] <= 2 * values[best]);
    return { values, best, width: [fine[0], fine.at(-1)] };
  }

  draw(shown) {
    this.found = new Map(shown.map((result) => [result.name,
      this.lab.known("peaks", result.config, () => this.sweep(result))]));
    const curves = shown.map(({ name, slot }) => ({ values: this.found.get(name).values, slot }));
    const marks = shown.map(({ name, slot }) => {
      const { best, values } = this.found.get(name);
      return { x: AXIS.place(best), y: values[best], slot };
    });
    const extremes = curves.flatMap(({ values }) => lowestAndHighest(values));
    this.plot.draw(curves, { axis: AXIS, log: this.lab.state.logLoss, marks,
      ...axisFor(extremes, this.lab.state.logLoss, this.lab.state.logLoss ? 100 : 2) });
  }

  columns() {
    const of = (cell) => ({ name }) => (this.found?.has(name) ? cell(this.found.get(name)) : "–");
    return {
      head: `at the peak <b>${show(PEAKS[this.at])}</b>`,
      "loss at the end": of(({ values }) => show(values[this.at])),
      "best peak": of(({ best }) => show(PEAKS[best])),
      "at most twice its loss": of(({ width: [low, high] }) => `${show(low)} to ${show(high)}`),
    };
  }

  moveTo(_, shown) {
    const spoken = shown.map(({ name }) => {
      const { values, best } = this.found.get(name);
      return `${name} ${show(values[this.at])}, best at ${show(PEAKS[best])}`;
    });
    this.plot.moveCursor(this.at, `peak ${show(PEAKS[this.at])}: ${spoken.join("; ")}`);
  }
}
