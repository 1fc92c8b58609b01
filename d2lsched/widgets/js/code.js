// What the code of all libraries is made of.

import { float } from "./notation.js";
import { innersOf } from "./schedules.js";

export const ratio = (a, b) => (a === b ? "1.0" : a ? `${float(a)} / ${float(b)}` : "0.0");
export const indented = (text) => text.replace(/^/gm, "    ");
export const listed = (items) => `[\n${items.map((item) => indented(item) + ",\n").join("")}]`;
const kindsIn = (config) => [config.kind, ...innersOf(config).flatMap(kindsIn)];

/** The lines that import kinds of schedules. */
export function imports(names) {
  const kinds = [...new Set(names)].sort(), own = kinds.filter((kind) => kind !== "Formula");
  return (own.length ? `from d2lsched import ${own.join(", ")}\n` : "") +
    (own.length < kinds.length ? "from d2lsched.widgets.formula import Formula\n" : "");
}
export const imported = (config) => imports(kindsIn(config));
/** The parts of a Sequential, made by code(config, length). */
export const sequence = (c, n, code) => c.schedules.map((part, i) => {
  const length = (c.boundaries[i] ?? n) - (c.boundaries[i - 1] ?? 0);
  return [length, code(part, length)];
});

// Compiled, t / D with a constant D becomes t · (1 / D), which float32 may round to below the
// whole number that it should be: Keras and optax are then late by an update.
export function isLate(D, n) {
  const inverse = Math.fround(1 / D);
  for (let t = D; t < n; t += D) if (Math.fround(t * inverse) < t / D) return true;
  return false;
}

// Keras and optax want a floor as a share of the rate.
export const share = (c) => ratio(c.end_lr, c.lr);

// Parts one after the other are pairs of a length and its code.
export const ends = (parts) =>
  parts.slice(0, -1).map((_, i) => parts.slice(0, i + 1).reduce((sum, [length]) => sum + length, 0));
export const phases = (c, rise, flat, fall) => [[c.warmup_steps, rise],
  [c.steps - c.decay_steps - c.warmup_steps, flat], [c.decay_steps, fall]]
  .filter(([length]) => length > 0);
