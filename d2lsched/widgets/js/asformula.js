// Any schedule as a formula of t: so that it can be copied where a library has none of its kind.
//
// Numbers stand in the text. `t` may be any expression of an update number: a schedule inside
// another one is asked at another time.

import { LONGEST } from "./formula.js";
import { float } from "./notation.js";
import { general, peak, phasesOf, rate } from "./schedules.js";

const sumOf = (high, low, share) => low
  ? `${float(low)} + ${float(high - low)} * ${share}` : `${float(high)} * ${share}`;
const waveOf = (p) => `(1 + cos(pi * ${p})) / 2`;
const clipped = (t, n) => `min(${t}, ${n})`;
const stairsOr = ({ staircase, decay_steps: d }, t) => {
  if (staircase) return `(${t} // ${d})`;
  return d === 1 ? t : `(${t} / ${d})`;
};
const floored = (text, low) => (low ? `max(${text}, ${float(low)})` : text);
const chosen = (pairs, last) => pairs.reduceRight((other, [until, t, text]) =>
  `(${text} if ${t} < ${until} else ${other})`, last);
const minus = (t, n) => (n ? `(${t} - ${n})` : t);

const TEXTS = {
  Constant: ({ lr }, t) => `${float(lr)} + 0 * ${t}`,
  MultiStepDecay: (c, t) => `${float(c.lr)} * ${float(c.gamma)} ** (` +
    `${c.milestones.map((m) => `(${t} >= ${m})`).join(" + ")})`,
  ExponentialDecay: (c, t) =>
    floored(`${float(c.lr)} * ${float(c.gamma)} ** ${stairsOr(c, t)}`, c.end_lr),
  InverseTimeDecay: (c, t) => `${float(c.lr)} / (1 + ${float(c.rate)} * ${stairsOr(c, t)})`,
  InverseSqrtDecay: ({ lr, warmup_steps: w }, t) =>
    `${float(lr)} * min((${t} + 1) / ${w}, sqrt(${w} / (${t} + 1)))`,
  InverseScaling: ({ lr, power }, t) => `${float(lr)} / (${t} + 1) ** ${float(power)}`,
  BottouOptimal: ({ alpha, t0 }, t) => `1 / (${float(alpha)} * (${float(t0)} + ${t}))`,
  PolynomialDecay: (c, t) => sumOf(c.lr, c.end_lr, `(1 - ${clipped(t, c.steps)} / ${c.steps})` +
    (c.power === 1 ? "" : ` ** ${float(c.power)}`)),
  CosineDecay: (c, t) => sumOf(c.lr, c.end_lr, waveOf(`${clipped(t, c.steps)} / ${c.steps}`)),
  CosineRestarts: (c, t, n) => {
    if (c.period_mult === 1) return sumOf(c.lr, c.end_lr, (c.lr_mult === 1 ? ""
      : `${float(c.lr_mult)} ** (${t} // ${c.period}) * `) + waveOf(`(${t} % ${c.period}) / ${c.period}`));
    const cycles = [];
    for (let [start, length, k] = [0, c.period, 0]; start <= n; k++) {
      const factor = c.lr_mult === 1 ? "" : `${float(c.lr_mult ** k)} * `;
      cycles.push([start + length, t,
        sumOf(c.lr, c.end_lr, factor + waveOf(`${minus(t, start)} / ${length}`))]);
      [start, length] = [start + length, length * c.period_mult];
    }
    return cycles.length > 8 ? null : chosen(cycles.slice(0, -1), cycles.at(-1)[2]);
  },
  Cyclical: (c, t) => {
    const up = c.step_size, down = c.step_size_down ?? up, all = up + down, since = `(${t} % ${all})`;
    const scale = { triangular: "", triangular2: ` * 0.5 ** (${t} // ${all})`,
      exp_range: ` * ${float(c.gamma)} ** ${t}` }[c.mode];
    return sumOf(c.max_lr, c.base_lr, `min(${since} / ${up}, (${all} - ${since}) / ${down})${scale}`);
  },
  WarmupStableDecay: (c, t) => {
    const { decay_steps: d } = c, start = c.steps - d;
    const p = `${clipped(minus(t, start), d)} / ${d}`;
    const left = { linear: `(1 - ${p})`, cosine: waveOf(p), sqrt: `(1 - sqrt(${p}))` }[c.shape];
    const rise = sumOf(c.lr, c.start_lr, `${t} / ${c.warmup_steps}`);
    const phases = [[c.warmup_steps, t, rise], [start, t, float(c.lr)]]
      .filter(([until], i) => until > (i ? c.warmup_steps : 0));
    if (!c.decay_steps) return c.warmup_steps ? chosen([phases[0]], float(c.lr)) : TEXTS.Constant(c, t);
    // The square root of what is not yet begun has no value, which arrays would compute.
    const safe = c.shape === "sqrt" ? left.replace("sqrt(", "sqrt(max(0, ").replace(/\)\)$/, ")))") : left;
    return chosen(phases, sumOf(c.lr, c.end_lr, safe));
  },
  Rex: ({ lr, steps }, t) => {
    const p = `${clipped(t, steps)} / ${steps}`;
    return `${float(2 * lr)} * (1 - ${p}) / (2 - ${p})`;
  },
  OneCycle: (c, t) => {
    const phases = phasesOf(c);
    if (phases.some(([from, to]) => from >= to)) return null;
    const shape = (p) => (c.anneal === "cos" ? waveOf(p) : `(1 - ${p})`);
    const parts = phases.map(([from, to, a, b]) =>
      [to, t, sumOf(a, b, shape(`${clipped(minus(t, from), to - from)} / ${to - from}`))]);
    return chosen(parts.slice(0, -1), parts.at(-1)[2]);
  },
  Piecewise: ({ points }, t) => {
    if (points.length < 2) return TEXTS.Constant({ lr: points[0][1] }, t);
    const lines = points.slice(1).map(([end, b], i) => {
      const [start, a] = points[i];
      return [end, t, `${float(a)} + ${float(b - a)} * ${minus(t, start)} / ${end - start}`];
    });
    const before = points[0][0] ? [[points[0][0], t, float(points[0][1])]] : [];
    return chosen([...before, ...lines], float(points.at(-1)[1]));
  },
  LRRangeTest: (c, t) => {
    const p = `${clipped(t, c.steps - 1)} / ${c.steps - 1}`;
    if (c.scale === "linear") return sumOf(c.end_lr, c.start_lr, p);
    return `${float(c.start_lr)} * ${float(c.end_lr / c.start_lr)} ** (${p})`;
  },
  Warmup: (c, t, n) => {
    const first = rate(c.schedule, 0), inner = textOf(c.schedule, minus(t, c.steps), n - c.steps);
    const rise = { linear: sumOf(first, c.start_lr, `${t} / ${c.steps}`), constant: float(c.start_lr),
      exponential: `${float(c.start_lr)} * ${float(first / c.start_lr)} ** (${t} / ${c.steps})` }[c.shape];
    return inner && chosen([[c.steps, t, rise]], inner);
  },
  Sequential: (c, t, n) => {
    const starts = [0, ...c.boundaries], parts = c.schedules.map((part, i) =>
      textOf(part, minus(t, starts[i]), (starts[i + 1] ?? n) - starts[i]));
    if (!parts.every(Boolean)) return null;
    return chosen(parts.slice(0, -1).map((text, i) => [starts[i + 1], t, text]), parts.at(-1));
  },
  Product: (c, t, n) => {
    const parts = c.schedules.map((part) => textOf(part, t, n));
    return parts.every(Boolean) ? parts.map((text) => `(${text})`).join(" * ") : null;
  },
  PerEpoch: ({ schedule, steps_per_epoch: each }, t, n) =>
    textOf(schedule, `(${t} // ${each})`, Math.ceil(n / each)),
  Formula: (c, t) => {
    const numbers = new Map(c.numbers);
    return `(${c.expression.replace(/(?<![\w.])[A-Za-z_]\w*/g, (name) =>
      (name === "t" ? t : numbers.has(name) ? `(${float(numbers.get(name))})` : name))})`;
  },
};

/** The formula of a schedule over n updates, asked at t; null if it would be long, or has none. */
export function textOf(config, t, n) {
  const text = TEXTS[general(config).kind](general(config), t, Math.max(n, 1));
  return text && text.length <= LONGEST && peak(config) > 0 ? text : null;
}
