// Axes: where they begin and end, their ticks, and what is written at them.

import { rounded } from "./parameters.js";
import { clamp } from "./valid.js";

/** Round numbers between low and high, about `count` of them. */
export function ticks(low, high, count) {
  const raw = (high - low) / Math.max(count, 1), power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((k) => k * power).find((k) => k >= raw * 0.75);
  const first = Math.ceil(low / step - 1e-9);
  const n = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: n }, (_, i) => rounded((first + i) * step, 12));
}

export function decades(low, high, count) {
  const [a, b] = [Math.ceil(Math.log10(low) - 1e-9), Math.floor(Math.log10(high) + 1e-9)];
  const every = Math.max(1, Math.ceil((b - a) / Math.max(count, 1)));
  return Array.from({ length: Math.floor((b - a) / every) + 1 }, (_, i) => 10 ** (a + i * every));
}

/** A tick's text, at most seven letters wide. */
export function tickText(v) {
  if (!v || (Math.abs(v) < 1e5 && Math.abs(v) >= 1e-4)) return String(rounded(v, 6));
  const power = Math.log10(v);
  if (Math.abs(power - Math.round(power)) > 1e-9) return v.toExponential().replace("e+", "e");
  return `10<tspan dy="-5" font-size="9">${Math.round(power)}</tspan>`;
}

/** The ends of an axis that shows values up to `high`; none of them needs to be a number. */
export function axisFor(values, log, cap) {
  const shown = values.filter((v) => v > 0 && v < Infinity).map((v) => clamp(v, [1e-99, 1e99]));
  const most = Math.min(shown.reduce((a, b) => Math.max(a, b), 0) || 1, cap);
  if (!log) {
    const step = ticks(0, most, 5)[1] ?? most;
    return { low: 0, high: Math.ceil(most / step - 1e-9) * step };
  }
  const high = 10 ** Math.ceil(Math.log10(most) - 1e-9);
  const least = shown.reduce((a, b) => Math.min(a, b), most);
  const low = 10 ** Math.floor(Math.log10(clamp(least, [high * 1e-6, high / 10])) + 1e-9);
  return { low, high };
}

export const lowestAndHighest = (values) => {
  let [low, high] = [Infinity, 0];
  for (const v of values) {
    if (v > 0 && v < low) low = v;
    if (v > high && v < Infinity) high = v;
  }
  return [low, high];
};

// Of many values only the lowest and highest of each column of pixels can be seen.
export function kept(values, columns) {
  const n = values.length;
  if (n <= 2 * columns) return values.keys();
  const indices = [];
  for (let column = 0; column < columns; column++) {
    const from = Math.floor((column * n) / columns), to = Math.floor(((column + 1) * n) / columns);
    let low = from, high = from;
    for (let i = from + 1; i < to; i++) {
      if (values[i] < values[low]) low = i;
      if (values[i] > values[high]) high = i;
    }
    indices.push(Math.min(low, high), Math.max(low, high));
  }
  indices.push(n - 1);
  return indices;
}

/** Heights moved apart, so that texts beside curves can be read; none beyond the ends. */
export function apart(heights, distance, [top, bottom]) {
  const order = [...heights.keys()].sort((a, b) => heights[a] - heights[b]);
  const result = [...heights];
  let last = top - distance;
  for (const i of order) last = result[i] = Math.max(result[i], last + distance);
  last = bottom + distance;
  for (const i of order.reverse()) last = result[i] = Math.min(result[i], last - distance);
  return result;
}
