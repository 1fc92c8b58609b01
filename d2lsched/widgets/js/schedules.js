// Every schedule of d2lsched: its parameters, its formula, its rates.
//
// A schedule is plain data, as Schedule.config() gives it in Python:
// {kind: "CosineDecay", lr: 0.4, steps: 780, end_lr: 0}.

import {
  FLOOR, LR, STEPS, choice, count_, decay_, factor_, flag, milestones, optional, parameter, part,
  rate_, updates_,
} from "./parameters.js";
import { formulaOf, formulaPeak, numbersFor } from "./formula.js";
import { initial } from "./valid.js";

// Of whole numbers below 2**53 the quotient, rounded down, is exact.
const quotient = (t, n) => (t - (t % n)) / n;
const mix = (high, low, share) => high * share + low * (1 - share);
const wave = (p) => (1 + Math.cos(Math.PI * p)) / 2; // from 1 at p = 0 to 0 at p = 1

/** The phases of a OneCycle: [from, to, a, b], from which update to which, and their rates. */
export function phasesOf(c) {
  const first = c.max_lr / c.div_factor, last = first / c.final_div_factor;
  const top = c.pct_start * c.steps - 1, end = c.steps - 1;
  return c.three_phase
    ? [[0, top, first, c.max_lr], [top, 2 * top, c.max_lr, first], [2 * top, end, first, last]]
    : [[0, top, first, c.max_lr], [top, end, c.max_lr, last]];
}

// Every schedule of d2lsched, by its class name: its parameters in Python's order, the formula
// (given the parameters, a function of the update number t), and, if it is not lr, the peak; of a
// special case not the formula, but the schedule that it is.
// `limits` says between which values a parameter must stay, given the others; `mend` repairs
// what numbers alone do not express.
export const SCHEDULES = {
  Constant: { parameters: { lr: LR }, formula: ({ lr }) => () => lr },

  StepDecay: {
    parameters: { lr: LR, step_size: updates_(part(0.25)), gamma: factor_(0.5, 0.1) },
    general: ({ lr, gamma, step_size }) =>
      ({ kind: "ExponentialDecay", lr, gamma, decay_steps: step_size, staircase: true, end_lr: 0 }),
  },

  MultiStepDecay: {
    parameters: { lr: LR, milestones: milestones((n) => [part(0.5)(n), part(0.75)(n)]),
      gamma: factor_(0.2, 0.1) },
    formula: ({ lr, milestones, gamma }) => (t) =>
      lr * gamma ** milestones.filter((m) => m <= t).length,
  },

  FactorDecay: {
    parameters: { lr: LR, factor: decay_(0.995), min_lr: FLOOR },
    general: ({ lr, factor: gamma, min_lr: end_lr }) =>
      ({ kind: "ExponentialDecay", lr, gamma, decay_steps: 1, staircase: false, end_lr }),
  },

  ExponentialDecay: {
    parameters: { lr: LR, gamma: factor_(0.5), decay_steps: updates_(part(0.2), 1),
      staircase: flag, end_lr: FLOOR },
    formula: ({ lr, gamma, decay_steps, staircase, end_lr }) => (t) =>
      Math.max(lr * gamma ** (staircase ? quotient(t, decay_steps) : t / decay_steps), end_lr),
  },

  InverseTimeDecay: {
    parameters: { lr: LR, rate: parameter("ratio")(1), decay_steps: updates_(part(0.1), 1),
      staircase: flag },
    formula: ({ lr, rate, decay_steps, staircase }) => (t) =>
      lr / (1 + rate * (staircase ? quotient(t, decay_steps) : t / decay_steps)),
  },

  SquareRootDecay: {
    parameters: { lr: LR },
    general: ({ lr }) => ({ kind: "InverseScaling", lr, power: 0.5 }),
  },

  InverseSqrtDecay: {
    parameters: { lr: LR, warmup_steps: updates_(part(0.1)) },
    formula: ({ lr, warmup_steps: w }) => (t) =>
      lr * Math.min((t + 1) / w, Math.sqrt(w / (t + 1))),
  },

  InverseScaling: {
    parameters: { lr: LR, power: parameter("ratio")(0.5) },
    formula: ({ lr, power }) => (t) => lr * (t + 1) ** -power,
  },

  BottouOptimal: {
    parameters: { alpha: parameter("alpha")(0.02), t0: parameter("offset")(100) },
    formula: ({ alpha, t0 }) => (t) => 1 / (alpha * (t0 + t)),
    peak: ({ alpha, t0 }) => 1 / (alpha * t0),
  },

  PolynomialDecay: {
    parameters: { lr: LR, steps: STEPS, end_lr: FLOOR, power: parameter("power")(2, 1) },
    formula: ({ lr, steps, end_lr, power }) => (t) =>
      mix(lr, end_lr, ((steps - Math.min(t, steps)) / steps) ** power),
  },

  LinearDecay: {
    parameters: { lr: LR, steps: STEPS, end_lr: FLOOR },
    general: (c) => ({ ...c, kind: "PolynomialDecay", power: 1 }),
  },

  CosineDecay: {
    parameters: { lr: LR, steps: STEPS, end_lr: FLOOR },
    formula: ({ lr, steps, end_lr }) => (t) =>
      mix(lr, end_lr, wave(Math.min(t, steps) / steps)),
  },

  CosineRestarts: {
    parameters: { lr: LR, period: updates_(part(1 / 7)),
      period_mult: parameter("cycles")(2, 1), lr_mult: optional("factor", 1), end_lr: FLOOR },
    formula: ({ lr, period, period_mult, lr_mult, end_lr }) => (t) => {
      // The cycle is found with whole numbers: a logarithm would miss restarts by rounding.
      let [cycle, start, length] = [0, 0, period];
      if (period_mult === 1) cycle = quotient(t, period), start = cycle * period;
      else while (t >= start + length) cycle++, start += length, length *= period_mult;
      return mix(lr, end_lr, lr_mult ** cycle * wave((t - start) / length));
    },
  },

  Cyclical: {
    parameters: { base_lr: rate_(0.02), max_lr: LR, step_size: updates_(part(0.125)),
      step_size_down: optional("down", null),
      mode: choice("triangular", "triangular2", "exp_range"), gamma: optional("decay", 1) },
    formula: ({ base_lr, max_lr, step_size: up, step_size_down, mode, gamma }) => {
      const down = step_size_down ?? up;
      return (t) => {
        const since = t % (up + down);
        const share = Math.min(since / up, (up + down - since) / down);
        const scale = { triangular: () => 1, triangular2: () => 0.5 ** quotient(t, up + down),
          exp_range: () => gamma ** t }[mode]();
        return mix(max_lr, base_lr, share * scale);
      };
    },
    peak: ({ max_lr }) => max_lr,
    limits: ({ max_lr }) => ({ base_lr: [0, max_lr] }),
  },

  OneCycle: {
    parameters: { max_lr: LR, steps: updates_((n) => Math.max(2, n)),
      pct_start: optional("share", 0.3), div_factor: optional("division", 25),
      final_div_factor: optional("division", 1e4), anneal: choice("cos", "linear"),
      three_phase: flag },
    formula: (c) => {
      const phases = phasesOf(c), [, end, , last] = phases.at(-1);
      const shape = c.anneal === "cos" ? (p) => 1 - wave(p) : (p) => p;
      return (t) => {
        for (const [begin, until, a, b] of phases) {
          if (t > until || (until <= begin && until !== end)) continue;
          const progress = (t - begin) / Math.max(until - begin, 1e-300);
          return mix(b, a, shape(Math.min(Math.max(progress, 0), 1)));
        }
        return last;
      };
    },
    peak: ({ max_lr }) => max_lr,
    limits: ({ three_phase }) => ({ steps: [2, Infinity], pct_start: [0, three_phase ? 0.5 : 1] }),
  },

  WarmupStableDecay: {
    parameters: { lr: LR, steps: STEPS, warmup_steps: count_(part(0.1)),
      decay_steps: count_(part(0.2)), shape: choice("linear", "cosine", "sqrt"), end_lr: FLOOR,
      start_lr: FLOOR },
    formula: ({ lr, steps, warmup_steps, decay_steps, shape, end_lr, start_lr }) => {
      const left = { linear: (p) => 1 - p, cosine: wave, sqrt: (p) => 1 - Math.sqrt(p) }[shape];
      const start = steps - decay_steps;
      return (t) => {
        if (decay_steps && t >= start)
          return mix(lr, end_lr, left(Math.min((t - start) / decay_steps, 1)));
        return t < warmup_steps ? mix(lr, start_lr, t / warmup_steps) : lr;
      };
    },
    limits: ({ lr, steps, warmup_steps }) => ({ start_lr: [0, lr], warmup_steps: [0, steps],
      decay_steps: [0, steps - Math.min(warmup_steps, steps)] }),
  },

  Rex: {
    parameters: { lr: LR, steps: STEPS },
    formula: ({ lr, steps }) => (t) => {
      const p = Math.min(t / steps, 1);
      return (lr * 2 * (1 - p)) / (2 - p);
    },
  },

  Piecewise: {
    parameters: { points: { type: "points", initial: (n) => [[0, 0.04], [part(0.3)(n), 0.4],
      [Math.max(part(1)(n), part(0.3)(n) + 1), 0.004]] } },
    formula: ({ points }) => (t) => {
      const after = points.findIndex(([time]) => time > t);
      if (after <= 0) return points.at(after)[1]; // before the first, or (−1) past the last
      const [[start, a], [end, b]] = points.slice(after - 1, after + 1);
      return mix(b, a, (t - start) / (end - start));
    },
    peak: ({ points }) => Math.max(...points.map(([, lr]) => lr)),
  },

  LRRangeTest: {
    parameters: { start_lr: rate_(1e-3), end_lr: rate_(4), steps: updates_((n) => Math.max(2, n)),
      scale: choice("log", "linear") },
    formula: ({ start_lr, end_lr, steps, scale }) => (t) => {
      const left = Math.max(steps - 1 - t, 0) / (steps - 1);
      if (scale === "linear") return mix(end_lr, start_lr, Math.min(t / (steps - 1), 1));
      return t > 0 ? end_lr * (start_lr / end_lr) ** left : start_lr;
    },
    peak: ({ end_lr }) => end_lr,
    limits: ({ end_lr }) => ({ steps: [2, Infinity], start_lr: [0, end_lr] }),
    mend: (c) => {
      if (c.scale === "linear") return; // on a log scale nothing rises from 0
      c.end_lr ||= 1;
      c.start_lr ||= c.end_lr / 1000;
    },
  },

  Warmup: {
    parameters: { schedule: { type: "schedule" }, steps: updates_(part(0.1)), start_lr: FLOOR,
      shape: choice("linear", "constant", "exponential") },
    formula: ({ schedule, steps, start_lr, shape }) => {
      const inner = formula(schedule), first = bounded(inner(0), peak(schedule)); // asked once
      const rise = {
        linear: (t) => mix(first, start_lr, t / steps),
        constant: () => start_lr,
        exponential: (t) =>
          t > 0 ? first * (start_lr / first) ** ((steps - t) / steps) : start_lr,
      }[shape];
      return (t) => (t < steps ? rise(t) : inner(t - steps));
    },
    peak: ({ schedule }) => peak(schedule),
    limits: ({ schedule }) => ({ start_lr: [0, rate(schedule, 0)] }),
    mend: (c) => { // only a line may begin at 0
      const first = rate(c.schedule, 0);
      if (!first) c.shape = "linear";
      if (c.shape !== "linear") c.start_lr ||= first / 100;
    },
  },

  Sequential: {
    parameters: { schedules: { type: "schedules" }, boundaries: milestones((n) => [part(0.5)(n)]) },
    formula: ({ schedules, boundaries }) => {
      const parts = schedules.map(formula);
      return (t) => {
        const now = boundaries.filter((b) => b <= t).length;
        return parts[now](now ? t - boundaries[now - 1] : t);
      };
    },
    peak: ({ schedules }) => Math.max(...schedules.map(peak)),
    mend: (c) => {
      if (c.schedules.length < 2) c.schedules.push(initial("Constant", 100));
      const missing = c.schedules.length - 1 - c.boundaries.length;
      for (let i = 0; i < missing; i++) c.boundaries.push((c.boundaries.at(-1) ?? 0) + 100);
      c.boundaries.length = c.schedules.length - 1;
    },
  },

  Product: {
    parameters: { schedules: { type: "schedules" } },
    formula: ({ schedules }) => {
      const parts = schedules.map(formula);
      return (t) => parts.reduce((product, part) => product * part(t), 1);
    },
    peak: ({ schedules }) => schedules.map(peak).reduce((a, b) => a * b, 1),
  },

  Formula: {
    parameters: {
      expression: { type: "formula", initial: () => "peak * (1 + cos(pi * t / T)) / 2 if t < T else 0" },
      numbers: { type: "numbers", initial: (n) => [["peak", 0.4], ["T", n]] } },
    formula: formulaOf,
    peak: formulaPeak,
    mend: (c) => {
      const [known, needed] = [new Map(c.numbers), numbersFor(c.expression, c.numbers)];
      if (needed.some(([name]) => !known.has(name)) || known.size > needed.length) c.numbers = needed;
    },
  },

  PerEpoch: {
    parameters: { schedule: { type: "schedule" }, steps_per_epoch: parameter("epoch")(part(0.1)) },
    formula: ({ schedule, steps_per_epoch }) => {
      const inner = formula(schedule);
      return (t) => inner(quotient(t, steps_per_epoch));
    },
    peak: ({ schedule }) => peak(schedule),
  },
};

export const GROUPS = {
  "Your own": ["Formula"],
  "Decay": ["Constant", "StepDecay", "MultiStepDecay", "FactorDecay", "ExponentialDecay",
    "InverseTimeDecay", "SquareRootDecay", "InverseSqrtDecay", "InverseScaling",
    "BottouOptimal", "PolynomialDecay", "LinearDecay", "CosineDecay", "Rex"],
  "Cycles and rising rates": ["CosineRestarts", "Cyclical", "OneCycle", "LRRangeTest"],
  "In phases": ["WarmupStableDecay", "Piecewise"],
  "Around this schedule": ["Warmup", "Sequential", "Product", "PerEpoch"],
};

export const parametersOf = (config) => Object.entries(SCHEDULES[config.kind].parameters);
export const isComposed = (kind) => GROUPS["Around this schedule"].includes(kind);
export const innersOf = (config) => config.schedules ?? (config.schedule ? [config.schedule] : []);

/** The schedule that a special case is; any other as it is. */
export const general = (config) => SCHEDULES[config.kind].general?.(config) ?? config;

// The formula as it stands, without the bounds that rounding must not cross.
const formula = (config) => SCHEDULES[general(config).kind].formula(general(config));

export const peak = (config) => (SCHEDULES[config.kind].peak ?? (({ lr }) => lr))(config);

const bounded = (rate, highest) => Math.max(Math.min(rate, highest), 0);

/** The rate of update t. */
export const rate = (config, t) => table(config, t + 1, t)[0];

/** The rates of updates from, …, n − 1. */
export function table(config, n, from = 0) {
  const ask = formula(config), highest = peak(config);
  const rates = new Float64Array(n - from);
  for (let t = from; t < n; t++) rates[t - from] = bounded(ask(t), highest);
  return rates;
}
