// The view of the expected loss on the noisy quadratic.

import { axisFor, lowestAndHighest } from "./axes.js";
import { show } from "./elements.js";
import { Plot, View, updatesAxis } from "./plots.js";
import { DIVERGED } from "./quadratic.js";

const ROWS = 2; // notes above a plot

export class LossView extends View {
  constructor(lab) {
    super(lab, new Plot("Expected loss", "update t", { ends: true, onRead: (t) => lab.readAt(t) }));
  }

  draw(shown) {
    const { updates, logLoss } = this.lab.state;
    const highest = (shown[0]?.loss[0] ?? 1) * (logLoss ? DIVERGED : 2);
    const lost = shown.filter(({ diverges }) => diverges >= 0);
    const notes = lost.slice(0, ROWS).map(({ name, diverges, slot }) =>
      ({ slot, text: `${name} diverges at update ${diverges}` }));
    if (lost.length > ROWS) notes.at(-1).text += `, and ${lost.length - ROWS + 1} others diverge`;
    const curves = shown.map(({ loss, slot, diverges }) =>
      ({ values: loss, slot, label: diverges < 0 ? show(loss.at(-1)) : "" }));
    const extremes = shown.flatMap(({ loss }) => lowestAndHighest(loss));
    this.plot.draw(curves, { axis: updatesAxis(updates), log: logLoss, notes,
      ...axisFor(extremes, logLoss, highest) });
  }

  /** The readout's columns at update t, beside the rate. */
  columns(t) {
    return {
      "loss": ({ loss }) => show(loss[t]),
      "loss at the end": ({ loss, diverges }) =>
        diverges < 0 ? show(loss.at(-1)) : `diverges at ${diverges}`,
    };
  }

  moveTo(t, shown) {
    const spoken = shown.map(({ name, loss }) => `${name} ${show(loss[t])}`).join(", ");
    this.plot.moveCursor(t, `update ${t}: ${spoken}`);
  }
}
