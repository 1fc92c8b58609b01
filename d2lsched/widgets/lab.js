// The schedule lab: change a schedule, and see its rate and what the rate does.
//
// One module, used as it is: JupyterLab gets it from anywidget (the default export), a page of
// the book has it inlined, and mounts every element of the class "schedule-lab" (last lines).
// It has no dependency. In this order: the schedules, the noisy quadratic, a schedule as text,
// as code for each library, the state and its link, plots, controls, and the lab itself.
//
// A schedule is plain data, as Schedule.config() gives it in Python:
// {kind: "CosineDecay", lr: 0.4, steps: 780, end_lr: 0}.

// ---- Parameters: what kinds of numbers there are -------------------------------------------

// A scale turns a value into a slider's position and back. Rates want a logarithmic one; where
// 0 is allowed, it is the leftmost position.
const rounded = (x, digits = 3) => Number(x.toPrecision(digits));

const linear = (min, max, step) => ({ min, max, step, at: (x) => x, value: (p) => p });

const logarithmic = (low, high, zero = false) => {
  const span = Math.log(high / low);
  return {
    min: zero ? 0 : 1,
    max: 301,
    step: 1,
    at: (x) => (x < low ? Number(!(zero && x <= 0)) : 1 + (300 * Math.log(x / low)) / span),
    value: (p) => (zero && p < 1 ? 0 : rounded(low * Math.exp((span * (p - 1)) / 300))),
  };
};

// For factors applied at every update, which matter close to 1: 0.9, 0.99, 0.999.
const closeTo1 = () => {
  const off = logarithmic(1e-5, 0.99, true);
  return { ...off, at: (x) => 302 - off.at(1 - x), value: (p) => 1 - off.value(302 - p), min: 1,
    max: 302 };
};

// Each type of parameter: what is allowed (as the types in schedules/base.py say), its unit,
// and its slider's scale. `n` is the number of updates shown, or of epochs inside PerEpoch.
const TYPES = {
  rate: { min: 0, unit: "rate", scale: () => logarithmic(1e-4, 10, true) },
  ratio: { min: 0, unit: "", scale: () => logarithmic(1e-3, 10, true) },
  factor: { min: Number.MIN_VALUE, max: 1, unit: "", scale: () => linear(0.01, 1, 0.01) },
  decay: { min: Number.MIN_VALUE, max: 1, clock: true, per: true, scale: closeTo1 },
  updates: { min: 1, whole: true, clock: true, scale: (n) => linear(1, 2 * n, 1) },
  count: { min: 0, whole: true, clock: true, scale: (n) => linear(0, n, 1) },
  cycles: { min: 1, whole: true, unit: "times", scale: () => linear(1, 5, 1) },
  epoch: { min: 1, whole: true, unit: "updates", scale: (n) => linear(1, n, 1) },
  power: { min: Number.MIN_VALUE, unit: "", scale: () => logarithmic(0.1, 10) },
  division: { min: 1, unit: "", scale: () => logarithmic(1, 1e5) },
  alpha: { min: Number.MIN_VALUE, unit: "", scale: () => logarithmic(1e-5, 1) },
  offset: { min: Number.MIN_VALUE, unit: "updates", scale: () => logarithmic(1, 1e5) },
  share: { min: 0, max: 1, unit: "of the run", scale: () => linear(0, 1, 0.01) },
};

// A parameter: its type, its value in a schedule newly made for n updates, and the default that
// Python gives it (none if Python requires it).
const parameter = (type) => (initial, preset) => ({ type, preset,
  initial: (n) => (typeof initial === "function" ? initial(n) : initial ?? preset) });
const optional = (type, preset) => parameter(type)(undefined, preset);
const [rate_, updates_, count_, factor_, decay_] =
  ["rate", "updates", "count", "factor", "decay"].map(parameter);
const flag = { type: "flag", preset: false, initial: () => false };
const choice = (...choices) => ({ ...optional("choice", choices[0]), choices });
const milestones = parameter("milestones");
const part = (share) => (n) => Math.max(1, Math.round(n * share));

const LR = rate_(0.4);
const STEPS = updates_(part(1));
const FLOOR = optional("rate", 0);

// ---- The schedules -------------------------------------------------------------------------

// Of whole numbers below 2**53 the quotient, rounded down, is exact.
const quotient = (t, n) => (t - (t % n)) / n;
const mix = (high, low, share) => high * share + low * (1 - share);
const wave = (p) => (1 + Math.cos(Math.PI * p)) / 2; // from 1 at p = 0 to 0 at p = 1

// Every schedule of d2lsched, by its class name: its parameters in Python's order, the formula
// (given the parameters, a function of the update number t), and, if it is not lr, the peak.
// `limits` says between which values a parameter must stay, given the others; `mend` repairs
// what numbers alone do not express.
export const SCHEDULES = {
  Constant: { parameters: { lr: LR }, formula: ({ lr }) => () => lr },

  StepDecay: {
    parameters: { lr: LR, step_size: updates_(part(0.25)), gamma: factor_(0.5, 0.1) },
    formula: ({ lr, step_size, gamma }) => (t) => lr * gamma ** quotient(t, step_size),
  },

  MultiStepDecay: {
    parameters: { lr: LR, milestones: milestones((n) => [part(0.5)(n), part(0.75)(n)]),
      gamma: factor_(0.2, 0.1) },
    formula: ({ lr, milestones, gamma }) => (t) =>
      lr * gamma ** milestones.filter((m) => m <= t).length,
  },

  FactorDecay: {
    parameters: { lr: LR, factor: decay_(0.995), min_lr: FLOOR },
    formula: ({ lr, factor, min_lr }) => (t) => Math.max(lr * factor ** t, min_lr),
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
    formula: ({ lr }) => (t) => lr * (t + 1) ** -0.5,
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
    formula: ({ lr, steps, end_lr }) => (t) =>
      mix(lr, end_lr, (steps - Math.min(t, steps)) / steps),
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
      const first = c.max_lr / c.div_factor, last = first / c.final_div_factor;
      const top = c.pct_start * c.steps - 1, end = c.steps - 1;
      const phases = c.three_phase
        ? [[0, top, first, c.max_lr], [top, 2 * top, c.max_lr, first], [2 * top, end, first, last]]
        : [[0, top, first, c.max_lr], [top, end, c.max_lr, last]];
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

  PerEpoch: {
    parameters: { schedule: { type: "schedule" }, steps_per_epoch: parameter("epoch")(part(0.1)) },
    formula: ({ schedule, steps_per_epoch }) => {
      const inner = formula(schedule);
      return (t) => inner(quotient(t, steps_per_epoch));
    },
    peak: ({ schedule }) => peak(schedule),
  },
};

const GROUPS = {
  "Decay": ["Constant", "StepDecay", "MultiStepDecay", "FactorDecay", "ExponentialDecay",
    "InverseTimeDecay", "SquareRootDecay", "InverseSqrtDecay", "InverseScaling",
    "BottouOptimal", "PolynomialDecay", "LinearDecay", "CosineDecay", "Rex"],
  "Cycles and rising rates": ["CosineRestarts", "Cyclical", "OneCycle", "LRRangeTest"],
  "In phases": ["WarmupStableDecay", "Piecewise"],
  "Around this schedule": ["Warmup", "Sequential", "Product", "PerEpoch"],
};

const parametersOf = (config) => Object.entries(SCHEDULES[config.kind].parameters);
const isComposed = (kind) => GROUPS["Around this schedule"].includes(kind);
const innersOf = (config) => config.schedules ?? (config.schedule ? [config.schedule] : []);

// The formula as it stands, without the bounds that rounding must not cross.
const formula = (config) => SCHEDULES[config.kind].formula(config);

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

/** A schedule of a kind with usual parameters, for a run of n updates. */
export function initial(kind, n, inner = undefined) {
  const config = { kind };
  for (const [name, { type, initial }] of parametersOf(config)) {
    config[name] = initial?.(n);
    if (type === "schedule") config[name] = inner ?? startingPoint("CosineDecay", n);
    if (type === "schedules") {
      const second = kind === "Product" ? { ...startingPoint("StepDecay", n), lr: 1 }
        : startingPoint("CosineDecay", Math.ceil(n / 2));
      config[name] = [inner ?? startingPoint("Constant", n), second];
    }
  }
  return mended(config);
}
const startingPoint = (kind, n) => initial(kind, n);

// ---- Validity: the page only ever holds schedules that Python would accept ------------------

const clamp = (x, [low, high]) => Math.min(Math.max(x, low), high);

function cleanNumber(value, { type, initial, preset }) {
  const { min, max = Number.MAX_VALUE, whole } = TYPES[type];
  const number = Number.isFinite(value) ? value : preset ?? initial(100);
  return clamp(whole ? Math.round(number) : number, [min, max]);
}

// Later ones give way, so that a milestone that is dragged pushes those behind it.
function rising(items, least, read, write) {
  let last = least - 1;
  return items.map((item) => {
    last = read(item) > last && read(item) >= least ? read(item) : last + 1;
    return write(item, last);
  });
}

const CLEAN = {
  flag: Boolean,
  choice: (value, { choices }) => (choices.includes(value) ? value : choices[0]),
  down: (value) => (Number.isFinite(value) ? Math.max(1, Math.round(value)) : null),
  schedule: (value) => mended(value),
  schedules: (value) => Array.from(value, mended),
  milestones: (value) => rising(Array.from(value, Math.round), 1, (m) => m, (_, m) => m),
  points: (value) => rising(Array.from(value, ([t, lr]) => [t, Math.max(lr, 0)]), 0,
    ([t]) => t, ([, lr], t) => [t, lr]),
};

/** Bring a schedule's parameters, in place, to the nearest values that are allowed. */
export function mended(config) {
  const entry = SCHEDULES[config?.kind];
  if (!entry) throw new Error(`there is no schedule ${config?.kind}`);
  for (const [name, spec] of parametersOf(config)) {
    const clean = CLEAN[spec.type] ?? cleanNumber;
    config[name] = clean(config[name] ?? spec.preset, spec);
  }
  entry.mend?.(config);
  const limits = entry.limits?.(config) ?? {};
  for (const floor of ["end_lr", "min_lr"])
    if (floor in config && "lr" in config) limits[floor] = [0, config.lr];
  for (const [name, range] of Object.entries(limits)) config[name] = clamp(config[name], range);
  return config;
}

/** A schedule made into another kind; around it, if that kind is made of schedules. */
function converted(config, kind, n) {
  if (isComposed(kind)) {
    const fresh = initial(kind, n, config);
    // With a warmup before it, a schedule that ended with the run still should.
    if (kind === "Warmup" && config.steps === n)
      config.steps = Math.max(SCHEDULES[config.kind].limits ? 2 : 1, n - fresh.steps);
    return mended(fresh);
  }
  const old = innersOf(config)[0] ?? config, fresh = initial(kind, n);
  const same = ([name, { type }]) => SCHEDULES[old.kind].parameters[name]?.type === type;
  for (const [name] of parametersOf(fresh).filter(same)) fresh[name] = old[name];
  const top = old.lr ?? old.max_lr;
  for (const name of ["lr", "max_lr"]) if (name in fresh && top) fresh[name] = top;
  return mended(fresh);
}

// ---- The noisy quadratic -------------------------------------------------------------------

/** Curvatures evenly spaced on a log scale, from 1 down to 1/condition. */
export const curvatures = (condition, n = 20) =>
  Array.from({ length: n }, (_, i) => condition ** (-i / (n - 1)));

/**
 * The expected loss at the start and after each update of SGD, exactly: d2lsched.quadratic's
 * NoisyQuadratic.parts, coordinate by coordinate. (w, v) is the mean of weight and velocity,
 * (ww, wv, vv) their covariance; noise is the variance of each coordinate's gradient.
 */
export function expectedLoss(rates, { curvatures, noise, start = 1, momentum: mu = 0 }) {
  const loss = new Float64Array(rates.length + 1);
  curvatures.forEach((h, i) => {
    const xi = noise[i];
    let w = start, v = 0, ww = 0, wv = 0, vv = 0;
    loss[0] += (h * w * w) / 2;
    for (let t = 0; t < rates.length; t++) {
      const lr = rates[t], keep = 1 - lr * h, carry = lr * mu;
      [w, v] = [keep * w - carry * v, h * w + mu * v];
      const cross = keep * h * ww + (keep * mu - carry * h) * wv - carry * mu * vv - lr * xi;
      const speed = h * h * ww + 2 * h * mu * wv + mu * mu * vv + xi;
      ww = keep * keep * ww - 2 * keep * carry * wv + carry * carry * vv + lr * lr * xi;
      wv = cross;
      vv = speed;
      loss[t + 1] += (h * (w * w + ww)) / 2;
    }
  });
  return loss.map((x) => (Number.isNaN(x) ? Infinity : x)); // after an overflow, ∞ − ∞
}

const DIVERGED = 100; // a loss that has grown so many times counts as diverged

function losses(rates, { condition, noise, momentum }) {
  const h = curvatures(condition);
  return expectedLoss(rates, { curvatures: h, noise: h.map((x) => noise * x), momentum });
}

const divergesAt = (loss) => loss.findIndex((x) => !(x <= DIVERGED * loss[0]));

// ---- A schedule as text: Python's own notation ----------------------------------------------

const float = (x) => (/[.e]/.test(String(x)) ? String(x) : `${x}.0`);

function literal(value, type) {
  if (type === "schedule") return expression(value);
  if (type === "schedules") return `[${value.map(expression).join(", ")}]`;
  if (type === "milestones") return `[${value.join(", ")}]`;
  if (type === "points") return `[${value.map(([t, lr]) => `(${t}, ${float(lr)})`).join(", ")}]`;
  if (type === "flag") return value ? "True" : "False";
  if (type === "choice") return `"${value}"`;
  return TYPES[type]?.whole || type === "down" ? String(value) : float(value);
}

/** The Python expression that makes a schedule: what is optional by name, and only if set. */
export function expression(config) {
  const given = parametersOf(config).flatMap(([name, { type, preset }]) => {
    const value = config[name];
    if (preset === undefined) return [literal(value, type)];
    return value === preset ? [] : [`${name}=${literal(value, type)}`];
  });
  return `${config.kind}(${given.join(", ")})`;
}

// A name, a number, a text, or a sign.
const TOKEN = /[a-z_]\w*|[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|"[^"]*"|'[^']*'|\S/gi;
const WORDS = new Map([["True", true], ["False", false], ["None", null]]);

/** The schedule that such an expression describes; an Error if it describes none. */
export function parsed(text) {
  const tokens = text.match(TOKEN) ?? [];
  const take = (wanted) => {
    const token = tokens.shift();
    if (wanted && token !== wanted) throw new Error(`${wanted} is missing in ${text}`);
    return token;
  };
  const items = (end, one) => {
    const found = [];
    while (tokens.length && tokens[0] !== end) {
      found.push(one());
      if (tokens[0] !== end) take(",");
    }
    take(end);
    return found;
  };
  const argument = () => {
    const name = tokens[1] === "=" ? take() : undefined;
    if (name) take("=");
    return [name, value()];
  };
  const value = () => {
    const token = take() ?? "";
    if (token === "(") return items(")", value);
    if (token === "[") return items("]", value);
    if (/^["']/.test(token)) return token.slice(1, -1);
    if (/^[-+.\d]/.test(token)) return Number(token);
    if (WORDS.has(token)) return WORDS.get(token);
    return tokens[0] === "(" ? called(token) : token;
  };
  const called = (kind) => {
    if (!SCHEDULES[kind]) throw new Error(`there is no schedule ${kind}`);
    take("(");
    const names = Object.keys(SCHEDULES[kind].parameters);
    const given = items(")", argument).map(([name, x], i) => [name ?? names[i], x]);
    return { kind, ...Object.fromEntries(given) };
  };
  const config = value();
  if (tokens.length) throw new Error(`${tokens[0]} is too much in ${text}`);
  return mended(config);
}

// ---- Copy as: the same schedule with each library's own classes -----------------------------
//
// Where a library has no class that gives the same rates over the run of n updates, the result
// is null, and d2lsched's `native` takes its place. tests/test_lab.py runs what is made here.

const ratio = (a, b) => (a === b ? "1.0" : a ? `${float(a)} / ${float(b)}` : "0.0");
const indented = (text) => text.replace(/^/gm, "    ");
const listed = (items) => `[\n${items.map((item) => indented(item) + ",\n").join("")}]`;
const kindsIn = (config) => [config.kind, ...innersOf(config).flatMap(kindsIn)];
const imported = (config) => [...new Set(kindsIn(config))].sort().join(", ");
const lengths = (c, n) => c.schedules.map((_, i) =>
  (c.boundaries[i] ?? n) - (c.boundaries[i - 1] ?? 0));

// Compiled, t / D with a constant D becomes t · (1 / D), which float32 may round to below the
// whole number that it should be: Keras and optax are then late by an update.
function isLate(D, n) {
  const inverse = Math.fround(1 / D);
  for (let t = D; t < n; t += D) if (Math.fround(t * inverse) < t / D) return true;
  return false;
}

// torch: a scheduler multiplies the optimizer's own rate. Those that a SequentialLR may hold
// are relative to it and begin with it; OneCycleLR and CyclicLR set a rate of their own.
const TORCH = {
  Constant: () => "ConstantLR(optimizer, factor=1.0)",
  StepDecay: (c) => `StepLR(optimizer, step_size=${c.step_size}, gamma=${float(c.gamma)})`,
  MultiStepDecay: (c) =>
    `MultiStepLR(optimizer, milestones=[${c.milestones.join(", ")}], gamma=${float(c.gamma)})`,
  FactorDecay: (c) => c.min_lr ? null : `ExponentialLR(optimizer, gamma=${float(c.factor)})`,
  ExponentialDecay: (c) => {
    if (c.end_lr) return null;
    if (c.staircase) return TORCH.StepDecay({ ...c, step_size: c.decay_steps });
    const root = c.decay_steps === 1 ? "" : ` ** (1 / ${c.decay_steps})`;
    return `ExponentialLR(optimizer, gamma=${float(c.gamma)}${root})`;
  },
  InverseTimeDecay: (c) => {
    const time = c.staircase ? `(t // ${c.decay_steps})` : `t / ${c.decay_steps}`;
    return `LambdaLR(optimizer, lambda t: 1 / (1 + ${float(c.rate)} * ${time}))`;
  },
  SquareRootDecay: () => "LambdaLR(optimizer, lambda t: (t + 1) ** -0.5)",
  InverseScaling: (c) => `LambdaLR(optimizer, lambda t: (t + 1) ** -${float(c.power)})`,
  InverseSqrtDecay: ({ warmup_steps: w }) =>
    `LambdaLR(optimizer, lambda t: min((t + 1) / ${w}, (${w} / (t + 1)) ** 0.5))`,
  PolynomialDecay: (c) => {
    if (c.power === 1) return TORCH.LinearDecay(c);
    const power = `total_iters=${c.steps}, power=${float(c.power)}`;
    return c.end_lr ? null : `PolynomialLR(optimizer, ${power})`;
  },
  LinearDecay: (c) => `LinearLR(optimizer, start_factor=1.0, ` +
    `end_factor=${ratio(c.end_lr, c.lr)}, total_iters=${c.steps})`,
  CosineDecay: (c, n) => // it rises again past its end
    c.steps < 2 || n > c.steps + 1 ? null
      : `CosineAnnealingLR(optimizer, T_max=${c.steps}, eta_min=${float(c.end_lr)})`,
  CosineRestarts: (c) => c.lr_mult < 1 ? null
    : `CosineAnnealingWarmRestarts(optimizer, T_0=${c.period}, T_mult=${c.period_mult}, ` +
      `eta_min=${float(c.end_lr)})`,
  Cyclical: (c) => "CyclicLR(\n" + indented(`optimizer,
base_lr=${float(c.base_lr)}, max_lr=${float(c.max_lr)},
step_size_up=${c.step_size}, step_size_down=${c.step_size_down ?? c.step_size},
mode="${c.mode}", gamma=${float(c.gamma)}, cycle_momentum=False,`) + "\n)",
  OneCycle: (c, n) => { // one step too many is an error, no rise a division by zero
    if (n > c.steps || c.pct_start * c.steps < 1.5 || c.pct_start * c.steps > c.steps - 1)
      return null;
    return "OneCycleLR(\n" + indented(`optimizer,
max_lr=${float(c.max_lr)}, total_steps=${c.steps}, pct_start=${float(c.pct_start)},
anneal_strategy="${c.anneal}", div_factor=${float(c.div_factor)},
final_div_factor=${float(c.final_div_factor)}, three_phase=${literal(c.three_phase, "flag")},
cycle_momentum=False,`) + "\n)";
  },
  WarmupStableDecay: (c) => {
    const rises = c.warmup_steps && !c.start_lr; // LinearLR cannot start at 0
    if (rises || c.shape !== "linear" || !c.decay_steps) return null;
    const flat = c.steps - c.decay_steps - c.warmup_steps;
    const parts = [
      [c.warmup_steps, torchRise(c.start_lr, c.lr, c.warmup_steps)],
      [flat, TORCH.Constant()],
      [c.decay_steps, TORCH.LinearDecay({ ...c, steps: c.decay_steps })],
    ].filter(([length]) => length > 0);
    return torchSequence(parts.map(([length]) => length), parts.map(([, code]) => code));
  },
  Warmup: (c, n) => {
    const inner = torchRelative(c.schedule, n - c.steps);
    if (!inner || !c.start_lr || c.shape === "exponential") return null;
    const rise = c.shape === "linear" ? torchRise(c.start_lr, c.schedule.lr, c.steps)
      : `ConstantLR(optimizer, factor=${ratio(c.start_lr, c.schedule.lr)}, total_iters=${c.steps})`;
    return torchSequence([c.steps, n], [rise, inner]);
  },
  Sequential: (c, n) => {
    const spans = lengths(c, n);
    const parts = c.schedules.map((part, i) => torchRelative(part, spans[i]));
    const oneRate = c.schedules.every((part) => part.lr === c.schedules[0].lr);
    return oneRate && parts.every(Boolean) ? torchSequence(spans, parts) : null;
  },
  Product: (c, n) => { // only what multiplies the rate it finds can be chained
    const chained = ["Constant", "StepDecay", "MultiStepDecay", "FactorDecay"];
    const parts = c.schedules.map((s) => chained.includes(s.kind) ? torchRelative(s, n) : null);
    return parts.every(Boolean) ? `ChainedScheduler(${listed(parts)})` : null;
  },
  PerEpoch: (c, n) => torchCode(c.schedule, Math.ceil(n / c.steps_per_epoch)),
};
const torchRise = (from, to, steps) =>
  `LinearLR(optimizer, start_factor=${ratio(from, to)}, total_iters=${steps})`;
const torchCode = (c, n) => (peak(c) > 0 ? TORCH[c.kind]?.(c, n) ?? null : null);
const torchRelative = (c, n) =>
  c.lr > 0 && rate(c, 0) === c.lr && c.kind !== "WarmupStableDecay" ? torchCode(c, n) : null;
const torchSequence = (spans, parts) => {
  if (parts.length === 1) return parts[0];
  const ends = spans.slice(0, -1).map((_, i) => spans.slice(0, i + 1).reduce((a, b) => a + b));
  return `SequentialLR(\n    optimizer,\n${indented(listed(parts))},\n` +
    `    milestones=[${ends.join(", ")}],\n)`;
};

// The rate that an optimizer is given, which the scheduler multiplies.
const torchRate = (c) => {
  if (c.kind === "Product") return c.schedules.map(torchRate).reduce((a, b) => a * b, 1);
  return c.lr ?? (innersOf(c)[0] ? torchRate(innersOf(c)[0]) : peak(c));
};

function asTorch(config, n) {
  const code = torchCode(config, n);
  const used = [...new Set(code?.match(/\w+(LR|Restarts|Scheduler)(?=\()/g))];
  const imports = code ? `from torch.optim.lr_scheduler import ${used.sort().join(", ")}`
    : `from d2lsched import ${imported(config)}\nfrom d2lsched.torch import native`;
  const epochs = code && config.kind === "PerEpoch";
  const when = epochs ? `once an epoch of ${config.steps_per_epoch} updates`
    : "after every optimizer.step()";
  const lr = code ? torchRate(config) : peak(config);
  return `import torch
${imports}

optimizer = torch.optim.SGD(model.parameters(), lr=${float(lr)})
scheduler = ${code ?? `native(${expression(config)}, optimizer)`}
# Call scheduler.step() ${when}.
`;
}

// Keras: floors are shares of the rate, and all rates floats (an integer one goes wrong).
const share = (c) => ratio(c.end_lr, c.lr);
const asStairs = (c) => ({ ...c, decay_steps: c.step_size, staircase: true });
const KERAS = {
  Constant: (c) => float(c.lr),
  StepDecay: (c, n) => KERAS.ExponentialDecay(asStairs(c), n),
  MultiStepDecay: (c) => { // Keras keeps the old value at a boundary itself
    const values = c.milestones.map((_, i) => `${float(c.lr)} * ${float(c.gamma)} ** ${i + 1}`);
    return `schedules.PiecewiseConstantDecay(
    boundaries=[${c.milestones.map((m) => m - 1).join(", ")}],
    values=[${[float(c.lr), ...values].join(", ")}],
)`;
  },
  FactorDecay: (c) => c.min_lr ? null : `schedules.ExponentialDecay(${float(c.lr)}, ` +
    `decay_steps=1, decay_rate=${float(c.factor)})`,
  ExponentialDecay: (c, n) => c.end_lr || (c.staircase && isLate(c.decay_steps, n)) ? null
    : `schedules.ExponentialDecay(${float(c.lr)}, decay_steps=${c.decay_steps}, ` +
      `decay_rate=${float(c.gamma)}${c.staircase ? ", staircase=True" : ""})`,
  InverseTimeDecay: (c, n) => c.staircase && isLate(c.decay_steps, n) ? null
    : `schedules.InverseTimeDecay(${float(c.lr)}, decay_steps=${c.decay_steps}, ` +
      `decay_rate=${float(c.rate)}${c.staircase ? ", staircase=True" : ""})`,
  PolynomialDecay: (c) => `schedules.PolynomialDecay(${float(c.lr)}, decay_steps=${c.steps}, ` +
    `end_learning_rate=${float(c.end_lr)}, power=${float(c.power)})`,
  LinearDecay: (c) => KERAS.PolynomialDecay({ ...c, power: 1 }),
  CosineDecay: (c) => `schedules.CosineDecay(${float(c.lr)}, decay_steps=${c.steps}, ` +
    `alpha=${share(c)})`,
  CosineRestarts: (c, n) => c.period_mult > 1 || isLate(c.period, n) ? null
    : `schedules.CosineDecayRestarts(${float(c.lr)}, first_decay_steps=${c.period}, ` +
      `t_mul=1.0, m_mul=${float(c.lr_mult)}, alpha=${share(c)})`,
  Warmup: ({ schedule: c, ...warmup }) =>
    c.kind !== "CosineDecay" || warmup.shape !== "linear" ? null : `schedules.CosineDecay(
    ${float(warmup.start_lr)}, decay_steps=${c.steps}, alpha=${share(c)},
    warmup_target=${float(c.lr)}, warmup_steps=${warmup.steps},
)`,
};

function asKeras(config, n) {
  const code = peak(config) > 0 ? KERAS[config.kind]?.(config, n) : null;
  const imports = !code ? `from d2lsched import ${imported(config)}
from d2lsched.tensorflow import native
` : code.startsWith("schedules") ? "from keras.optimizers import schedules\n" : "";
  return `import keras
${imports}
learning_rate = ${code ?? `native(${expression(config)})`}
optimizer = keras.optimizers.SGD(learning_rate)
`;
}

// optax: a schedule is a function of the count, so that parts can be joined whatever they are.
const OPTAX = {
  Constant: (c) => `optax.constant_schedule(${float(c.lr)})`,
  StepDecay: (c, n) => OPTAX.ExponentialDecay(asStairs(c), n),
  MultiStepDecay: (c) => `optax.piecewise_constant_schedule(${float(c.lr)}, ` +
    `{${c.milestones.map((m) => `${m}: ${float(c.gamma)}`).join(", ")}})`,
  FactorDecay: (c, n) =>
    OPTAX.ExponentialDecay({ ...c, gamma: c.factor, decay_steps: 1, end_lr: c.min_lr }, n),
  ExponentialDecay: (c, n) => { // with decay_rate=1 its end_value would be a ceiling
    if (c.gamma === 1 || (c.staircase && isLate(c.decay_steps, n))) return null;
    const more = (c.staircase ? ", staircase=True" : "") +
      (c.end_lr ? `, end_value=${float(c.end_lr)}` : "");
    return `optax.exponential_decay(${float(c.lr)}, transition_steps=${c.decay_steps}, ` +
      `decay_rate=${float(c.gamma)}${more})`;
  },
  PolynomialDecay: (c) => `optax.polynomial_schedule(${float(c.lr)}, ${float(c.end_lr)}, ` +
    `power=${float(c.power)}, transition_steps=${c.steps})`,
  LinearDecay: (c) => optaxLine(c.lr, c.end_lr, c.steps),
  CosineDecay: (c) => `optax.cosine_decay_schedule(${float(c.lr)}, decay_steps=${c.steps}, ` +
    `alpha=${share(c)})`,
  CosineRestarts: (c, n) => {
    const cycles = [];
    for (let [start, length] = [0, c.period]; start < n; start += length, length *= c.period_mult) {
      const top = c.end_lr + (c.lr - c.end_lr) * c.lr_mult ** cycles.length;
      cycles.push(`dict(init_value=${float(top)}, peak_value=${float(top)}, warmup_steps=0, ` +
        `decay_steps=${length}, end_value=${float(c.end_lr)})`);
    }
    return cycles.length > 8 ? null : `optax.sgdr_schedule(${listed(cycles)})`;
  },
  WarmupStableDecay: (c) => {
    if (c.shape !== "linear") return null;
    const flat = c.steps - c.decay_steps - c.warmup_steps;
    const parts = [
      [c.warmup_steps, optaxLine(c.start_lr, c.lr, c.warmup_steps)],
      [flat, OPTAX.Constant(c)],
      [c.decay_steps, optaxLine(c.lr, c.end_lr, c.decay_steps)],
    ].filter(([length]) => length > 0);
    return optaxJoined(parts.map(([, code]) => code), c.warmup_steps && flat
      ? [c.warmup_steps, c.warmup_steps + flat] : [c.warmup_steps || flat]);
  },
  Piecewise: ({ points }) => { // rates as factors of the one before, so none may be 0
    const whole = points.every(([t, lr]) => Number.isInteger(t) && lr > 0);
    if (!whole || points[0][0] !== 0 || points.length < 2) return null;
    const factors = points.slice(1).map(([t, lr], i) => `${t}: ${ratio(lr, points[i][1])}`);
    return `optax.piecewise_interpolate_schedule(\n    "linear", ${float(points[0][1])}, ` +
      `{${factors.join(", ")}}\n)`;
  },
  Warmup: (c, n) => {
    const { schedule: inner, steps: w } = c;
    if (c.shape === "exponential") return null;
    if (c.shape === "linear" && inner.kind === "CosineDecay") // its horizon includes the warmup
      return `optax.warmup_cosine_decay_schedule(
    init_value=${float(c.start_lr)}, peak_value=${float(inner.lr)}, warmup_steps=${w},
    decay_steps=${w + inner.steps}, end_value=${float(inner.end_lr)},
)`;
    const rise = c.shape === "linear" ? optaxLine(c.start_lr, rate(inner, 0), w)
      : OPTAX.Constant({ lr: c.start_lr });
    return optaxJoined([rise, optaxCode(inner, n - w)], [w]);
  },
  Sequential: (c, n) => optaxJoined(
    c.schedules.map((part, i) => optaxCode(part, lengths(c, n)[i])), c.boundaries),
  Product: (c, n) => {
    const parts = c.schedules.map((part) => optaxCode(part, n));
    const product = "lambda parts: lambda count: math.prod(part(count) for part in parts)";
    return `(${product})(${listed(parts)})`;
  },
  PerEpoch: (c, n) => {
    const inner = optaxCode(c.schedule, Math.ceil(n / c.steps_per_epoch));
    const slowed = `lambda epochs: lambda count: epochs(count // ${c.steps_per_epoch})`;
    return `(${slowed})(\n${indented(inner)}\n)`;
  },
};
const optaxLine = (from, to, steps) =>
  `optax.linear_schedule(${float(from)}, ${float(to)}, transition_steps=${steps})`;
const optaxJoined = (parts, boundaries) => parts.length === 1 ? parts[0]
  : `optax.join_schedules(\n${indented(listed(parts))},\n` +
    `    boundaries=[${boundaries.join(", ")}],\n)`;
const optaxCode = (c, n) =>
  (peak(c) > 0 ? OPTAX[c.kind]?.(c, n) : null) ?? `native(${expression(c)})`;

function asOptax(config, n) {
  const code = optaxCode(config, n);
  const named = (kind) => new RegExp(`\\b${kind}\\(`).test(code);
  const kinds = Object.keys(SCHEDULES).filter(named).sort().join(", ");
  const imports = (code.includes("math.") ? "import math\n\n" : "") + "import optax\n" +
    (kinds ? `from d2lsched import ${kinds}\nfrom d2lsched.jax import native\n` : "");
  return `${imports}\nlearning_rate = ${code}\noptimizer = optax.sgd(learning_rate)\n`;
}

const asD2lsched = (config) =>
  `from d2lsched import ${imported(config)}\n\nschedule = ${expression(config)}\n`;

const COPY = { d2lsched: asD2lsched, PyTorch: asTorch, Keras: asKeras, optax: asOptax };

/** Python that makes a schedule with a library: d2lsched, PyTorch, Keras or optax. */
export const copyAs = (library, config, n) => COPY[library](config, n);

// ---- The state, and the link that holds it --------------------------------------------------

const SETTINGS = { updates: 780, log: false, logLoss: true, condition: 100, noise: 0.1,
  momentum: 0 };
const RANGES = { updates: [10, 20000], condition: [1, 1e6], noise: [0, 1e6], momentum: [0, 0.999] };
const MOST = 8; // schedules at once

const isAutomatic = (name, kind) => !name || new RegExp(`^${kind}( \\d+)?$`).test(name);

function uniqueName(wanted, others) {
  const taken = new Set(others.map(({ name }) => name));
  let name = wanted;
  for (let n = 2; taken.has(name); n++) name = `${wanted} ${n}`;
  return name;
}

/** A whole and valid state, from whatever part of one is given. */
export function completed(given) {
  const state = { ...SETTINGS };
  for (const [key, preset] of Object.entries(SETTINGS)) {
    const value = given?.[key];
    if (typeof preset === "boolean") state[key] = Boolean(value ?? preset);
    else state[key] = clamp(Number.isFinite(value) ? value : preset, RANGES[key]);
  }
  state.updates = Math.round(state.updates);
  state.schedules = [];
  for (const { name, config, hidden, slot } of (given?.schedules ?? []).slice(0, MOST)) {
    const own = mended(structuredClone(config));
    state.schedules.push({ name: uniqueName(name || own.kind, state.schedules), config: own,
      hidden: Boolean(hidden), slot: slot ?? freeSlot(state.schedules) });
  }
  return state;
}

const freeSlot = (schedules) => {
  const used = schedules.map(({ slot }) => slot);
  return [...Array(MOST).keys()].find((slot) => !used.includes(slot)) ?? 0;
};

const encoded = (name) => encodeURIComponent(name).replaceAll("(", "%28"); // which ends a name

/** The state as the part of an address behind #: made to be read, and written by hand. */
export function toLink(id, state) {
  const settings = Object.entries(SETTINGS).filter(([key, preset]) => state[key] !== preset)
    .map(([key]) => `${key}=${Number(state[key])}`);
  const schedules = state.schedules.map(({ name, config, hidden }) => {
    const named = isAutomatic(name, config.kind) ? "" : `${encoded(name)}:`;
    return `${hidden ? "hidden" : "show"}=${named}${expression(config).replace(/[\s"]/g, "")}`;
  });
  return [id, ...settings, ...schedules].join("&");
}

/** The state in such a link; null if it is for something else, an Error if it is broken. */
export function fromLink(id, link) {
  const [target, ...fields] = link.split("&");
  if (target !== id || !fields.length) return null;
  const given = { schedules: [] };
  for (const field of fields) {
    const [, key, text = ""] = field.match(/^(\w+)=?(.*)$/) ?? [];
    if (key === "show" || key === "hidden") {
      const [name, call] = text.match(/^(?:([^(:]*):)?(.*)$/).slice(1)
        .map((part) => part && decodeURIComponent(part));
      given.schedules.push({ name, config: parsed(call), hidden: key === "hidden" });
    } else if (key in SETTINGS) {
      given[key] = typeof SETTINGS[key] === "boolean" ? text !== "0" : Number(text);
    }
  }
  return completed(given);
}

// ---- Drawing -------------------------------------------------------------------------------

function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  // Else JupyterLab takes the arrow keys; an ancestor's mark would come too late.
  if (OPERATED.has(tag)) element.dataset.lmSuppressShortcuts = "true";
  element.append(...children);
  return element;
}
const OPERATED = new Set(["input", "select", "button", "summary", "pre"]);

function setAttributes(element, attributes) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
}

let made = 0;
const newId = () => `lab-part-${++made}`;

function show(x) {
  if (!Number.isFinite(x)) return "∞";
  return Math.abs(x) < 1e5 ? String(rounded(x)) : x.toExponential(2).replace("e+", "e");
}
const escaped = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
const sample = (slot) => `<svg class="lab-sample" viewBox="0 0 32 12" aria-hidden="true">` +
  `<path class="lab-curve lab-slot-${slot}" d="M1 6H31"/></svg>`;

/** Round numbers between low and high, about `count` of them. */
function ticks(low, high, count) {
  const raw = (high - low) / Math.max(count, 1), power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((k) => k * power).find((k) => k >= raw * 0.75);
  const first = Math.ceil(low / step - 1e-9);
  const n = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: n }, (_, i) => rounded((first + i) * step, 12));
}

function decades(low, high, count) {
  const [a, b] = [Math.round(Math.log10(low)), Math.round(Math.log10(high))];
  const every = Math.ceil((b - a) / Math.max(count, 1));
  return Array.from({ length: Math.floor((b - a) / every) + 1 }, (_, i) => 10 ** (a + i * every));
}

// Of many values only the lowest and highest of each column of pixels can be seen.
function kept(values, columns) {
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

/** One plot over the updates. Arrow keys on it, and the pointer over it, move the readout. */
class Plot {
  constructor(title, unit, { stairs, onRead }) {
    Object.assign(this, { title, unit, stairs, onRead, updates: 1 });
    this.svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    this.svg.setAttribute("aria-hidden", "true");
    this.clip = newId();
    this.svg.innerHTML = `<defs><clipPath id="${this.clip}"><rect/></clipPath></defs>` +
      `<g></g><line class="lab-cursor"/>`;
    [this.drawing, this.cursor] = this.svg.querySelectorAll("g, line");
    this.element = make("div", { className: "lab-plot", tabIndex: 0, role: "slider",
      "aria-label": `${title}: the update to read`, "aria-valuemin": 0,
      "data-lm-suppress-shortcuts": "true" }, this.svg);
    this.element.addEventListener("pointermove", (event) => this.point(event));
    this.element.addEventListener("pointerdown", (event) => this.point(event));
    this.element.addEventListener("keydown", (event) => this.key(event));
  }

  point({ clientX }) {
    const { left } = this.svg.getBoundingClientRect();
    this.read(((clientX - left - this.left) / this.width) * this.updates);
  }

  key(event) {
    const big = Math.max(1, Math.round(this.updates / 20));
    const { key, shiftKey } = event;
    const step = shiftKey ? big : 1;
    const moves = { ArrowRight: step, ArrowUp: step, ArrowLeft: -step, ArrowDown: -step,
      PageUp: big, PageDown: -big, Home: -Infinity, End: Infinity };
    if (!(key in moves) || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    this.read(this.at + moves[key]);
  }

  read(t) {
    this.onRead(clamp(Math.round(t), [0, this.updates - 1]));
  }

  /** Size it to its place. Text keeps its size, so the drawing is made anew. */
  measure() {
    const width = this.element.clientWidth, height = this.element.clientHeight;
    [this.left, this.top] = [46, 24];
    this.width = Math.max(width - this.left - 10, 20);
    this.height = Math.max(height - this.top - 36, 20);
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const rect = this.svg.querySelector("rect");
    setAttributes(rect, { x: this.left, y: this.top - 2, width: this.width + 2,
      height: this.height + 4 });
  }

  /** Draw curves [{values, slot}], and notes [{t, text, slot}] along the upper edge. */
  draw(curves, { updates, log, low, high, notes = [], line }) {
    this.updates = updates;
    const y = this.yAxis(low, high, log);
    const parts = [this.axes(low, high, log, y)];
    parts.push(`<g clip-path="url(#${this.clip})">`);
    for (const { values, slot } of curves)
      parts.push(`<path class="lab-curve lab-slot-${slot}" d="${this.path(values, y)}"/>`);
    parts.push("</g>", ...notes.map((note, i) => this.note(note, i)));
    if (line && line.value < high) parts.push(this.level(line, y));
    this.drawing.innerHTML = parts.join("");
    this.element.setAttribute("aria-valuemax", updates - 1);
  }

  x(t) {
    return this.left + (t / this.updates) * this.width;
  }

  yAxis(low, high, log) {
    const scale = log ? (v) => Math.log(v / low) / Math.log(high / low)
      : (v) => (v - low) / (high - low);
    // Far outside is as good as infinitely far: the clip path hides it.
    return (v) => this.top + this.height * (1 - clamp(v > 0 || !log ? scale(v) : -1, [-0.5, 1.5]));
  }

  axes(low, high, log, y) {
    const bottom = this.top + this.height, right = this.left + this.width;
    const rows = (log ? decades : ticks)(low, high, this.height / 32).map((v) =>
      `<path class="lab-grid" d="M${this.left} ${y(v)}H${right}"/>` +
      `<text x="${this.left - 6}" y="${y(v) + 4}" text-anchor="end">${tickText(v)}</text>`);
    const columns = ticks(0, this.updates, this.width / 75).map((t) =>
      `<text x="${this.x(t)}" y="${bottom + 16}" text-anchor="${!t ? "start"
        : t === this.updates ? "end" : "middle"}">${t}</text>`);
    return `${rows.join("")}${columns.join("")}` +
      `<path class="lab-axis" d="M${this.left} ${this.top}V${bottom}H${right}"/>` +
      `<text class="lab-title" x="0" y="13">${this.title}</text>` +
      `<text x="${right}" y="${bottom + 32}" text-anchor="end">${this.unit}</text>`;
  }

  level({ value, text }, y) {
    const [height, right] = [y(value), this.left + this.width];
    return `<path class="lab-level" d="M${this.left} ${height}H${right}"/>` +
      `<text class="lab-note" x="${right}" y="${height - 5}" text-anchor="end">${text}</text>`;
  }

  note({ t, text, slot }, i) {
    const late = this.x(t) > this.left + this.width / 2;
    const [x, anchor] = late ? [this.x(t) - 4, "end"] : [this.x(t) + 8, "start"];
    return `<text class="lab-note lab-ink-${slot}" x="${x}" y="${this.top + 12 + 15 * i}" ` +
      `text-anchor="${anchor}">${escaped(text)}</text>`;
  }

  path(values, y) {
    let d = "", last;
    for (const i of kept(values, Math.ceil(this.width))) {
      const x = Math.round(this.x(i) * 10) / 10, height = Math.round(y(values[i]) * 10) / 10;
      if (!d) d = `M${x} ${height}`;
      else if (!this.stairs) d += `L${x} ${height}`;
      else if (height !== last) d += `H${x}V${height}`; // a level stretch is one line
      last = height;
    }
    return this.stairs ? `${d}H${this.left + this.width}` : d;
  }

  moveCursor(t, text) {
    this.at = t;
    const x = this.x(t);
    setAttributes(this.cursor, { x1: x, x2: x, y1: this.top, y2: this.top + this.height });
    setAttributes(this.element, { "aria-valuenow": t, "aria-valuetext": text });
  }
}

const tickText = (v) => {
  const power = Math.log10(v);
  const far = v > 0 && (power >= 5 || power <= -4) && Math.abs(power - Math.round(power)) < 1e-9;
  if (!far) return String(rounded(v, 6));
  return `10<tspan dy="-5" font-size="9">${Math.round(power)}</tspan>`;
};

/** The ends of an axis that shows values up to `high`. */
function axisFor(values, log, cap) {
  const finite = values.filter((v) => v > 0);
  const most = Math.min(finite.reduce((a, b) => Math.max(a, b), 0) || 1, cap);
  if (!log) {
    const step = ticks(0, most, 5)[1] ?? most;
    return { low: 0, high: Math.ceil(most / step - 1e-9) * step };
  }
  const high = 10 ** Math.ceil(Math.log10(most) - 1e-9);
  const least = finite.reduce((a, b) => Math.min(a, b), most);
  const low = 10 ** Math.floor(Math.log10(clamp(least, [high * 1e-6, high / 10])) + 1e-9);
  return { low, high };
}

// ---- Controls ------------------------------------------------------------------------------
//
// Every control is {element, refresh}: refresh shows the value again, which mending or another
// control may have changed.

const labelFor = (text, unit, properties) => make("label", properties, text,
  ...(unit ? [make("span", { className: "lab-unit" }, ` ${unit}`)] : []));

// What one press of an arrow key changes in a number box: a tenth of the leading digit.
const stepOf = (value, whole) =>
  whole ? 1 : 10 ** (Math.floor(Math.log10(Math.abs(value) || 0.01)) - 1);

function numberControl({ label, unit, whole, min, max, scale, get, set, disabled = () => false }) {
  const id = newId();
  const number = make("input", { type: "number", id, min, max: max ?? "", inputMode: "decimal" });
  const slider = make("input", { type: "range", "aria-labelledby": `${id}-label` });
  const element = make("div", { className: "lab-control" },
    labelFor(label, unit, { id: `${id}-label`, htmlFor: id }), slider, number);
  const refresh = (source) => {
    const value = get(), { at, min, max, step } = scale();
    Object.assign(slider, { min, max, step, disabled: disabled() });
    number.disabled = disabled();
    if (source !== slider) slider.value = Math.round(at(value) / step) * step;
    slider.setAttribute("aria-valuetext", `${show(value)} ${unit ?? ""}`);
    if (source !== number) number.value = String(rounded(value, 6));
    number.step = stepOf(value, whole);
  };
  slider.addEventListener("input", () => {
    const value = scale().value(Number(slider.value));
    set(whole ? Math.round(value) : rounded(value, 6), slider);
  });
  const enter = () => {
    const value = number.valueAsNumber; // NaN while the box is empty
    if (Number.isFinite(value)) set(value, number);
  };
  // The arrows act at once. What is typed waits for Enter, or until the box is left: on the way
  // to 0.3 there is a 0, which would pull other parameters down.
  number.addEventListener("input", (event) => event.inputType || enter());
  number.addEventListener("change", () => {
    enter();
    refresh(); // shows what became of an impossible value
  });
  refresh();
  return { element, refresh };
}

function flagControl({ label, get, set }) {
  const box = make("input", { type: "checkbox" });
  const refresh = () => { box.checked = get(); };
  box.addEventListener("change", () => set(box.checked));
  refresh();
  return { element: make("label", { className: "lab-flag" }, box, ` ${label}`), refresh };
}

function choiceControl({ label, choices, get, set }) {
  const id = newId();
  const options = choices.map((value) => make("option", { value }, value));
  const select = make("select", { id }, ...options);
  const refresh = () => { select.value = get(); };
  select.addEventListener("change", () => set(select.value));
  refresh();
  const element = make("div", { className: "lab-control" },
    labelFor(label, "", { htmlFor: id }), select);
  return { element, refresh };
}

function kindSelect(properties) {
  return make("select", properties, ...Object.entries(GROUPS).map(([label, kinds]) =>
    make("optgroup", { label }, ...kinds.map((value) => make("option", { value }, value)))));
}

const button = (text, onclick, properties = {}) =>
  make("button", { type: "button", onclick, ...properties }, text);

/** The controls of one schedule, those of the schedules inside it included. */
class Editor {
  // clock: {n, unit}: how many updates (or epochs) the schedule lives, as a function.
  // replace(config): put another schedule in its place. label: what it is, for its controls.
  constructor(lab, config, { label, clock, replace, extra = [] }) {
    Object.assign(this, { lab, config, label, clock, replace, parts: [] });
    const select = kindSelect({ "aria-label": `Kind of ${label}`, className: "lab-kind" });
    select.value = config.kind;
    select.addEventListener("change", () => this.convert(select.value));
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
    return [button("Add warmup", () => this.convert("Warmup"),
      { "aria-label": `Add warmup to ${this.label}` })];
  }

  add(control) {
    this.parts.push(control);
    return control.element;
  }

  field(name, spec) {
    const special = { schedule: () => [this.inner(name)], schedules: () => this.inners(),
      milestones: () => this.config.kind === "Sequential" ? [] : this.list(name, "milestone"),
      points: () => this.list(name, "point") }[spec.type];
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
      unused ? () => this.config.mode !== "exp_range" : undefined);
  }

  number(label, type, get, set, disabled) {
    const { unit, clock, per, scale, ...rest } = TYPES[type];
    const time = per ? `per ${this.clock().unit.slice(0, -1)}` : this.clock().unit;
    return numberControl({ ...rest, label, unit: clock ? time : unit,
      scale: () => scale(this.clock().n), get, set, disabled });
  }

  inner(name) {
    const clock = this.config.kind === "PerEpoch"
      ? () => ({ n: Math.ceil(this.clock().n / this.config.steps_per_epoch), unit: "epochs" })
      : this.clock;
    const replace = (config, focus) => {
      this.config[name] = config;
      this.lab.restructured(focus, this.label);
    };
    const label = `the schedule inside ${this.label}`;
    return this.nested(this.config[name], { label, clock, replace });
  }

  nested(config, options) {
    const editor = new Editor(this.lab, config, options);
    return make("div", { className: "lab-inner", role: "group", "aria-label": options.label },
      this.add(editor));
  }

  inners() {
    const { schedules, boundaries, kind } = this.config;
    const elements = schedules.flatMap((part, i) => {
      const label = `part ${i + 1} of ${this.label}`;
      const replace = (config, focus) => {
        schedules[i] = config;
        this.lab.restructured(focus, this.label);
      };
      const least = kind === "Sequential" ? 2 : 1;
      const extra = schedules.length > least ? [button("Remove", () => this.removePart(i),
        { "aria-label": `Remove ${label}` })] : [];
      const start = kind === "Sequential" && i > 0 ? [this.add(this.boundary(i))] : [];
      return [...start, this.nested(part, { label, clock: this.clock, replace, extra })];
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
        { "aria-label": `Remove ${word} ${i + 1}`, disabled: this.config[name].length < 2 });
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

// ---- The lab -------------------------------------------------------------------------------

export class Lab {
  /** Fill an element. onChange is called with the state whenever the reader has changed it. */
  constructor(root, state, onChange = () => {}) {
    Object.assign(this, { root, onChange, library: "d2lsched", copied: 0, cache: new Map() });
    this.state = completed(state);
    this.beginning = structuredClone(this.state);
    this.at = Math.floor(this.state.updates / 2);
    const onRead = (t) => this.readAt(t);
    this.ratePlot = new Plot("Learning rate η", "update t", { stairs: true, onRead });
    this.lossPlot = new Plot("Expected loss", "update t", { stairs: false, onRead });
    this.build();
    this.restructured();
    new ResizeObserver(() => this.resized()).observe(this.plots);
  }

  // --- structure

  build() {
    this.summary = make("p", { className: "lab-unseen", role: "status", id: newId() });
    for (const plot of [this.ratePlot, this.lossPlot])
      plot.element.setAttribute("aria-describedby", this.summary.id);
    this.plots = make("div", { className: "lab-plots" },
      this.ratePlot.element, this.lossPlot.element);
    this.readout = make("table", { className: "lab-readout" });
    this.cards = make("div", { className: "lab-cards" });
    this.settings = this.settingControls();
    this.root.replaceChildren(this.plots, this.summary,
      make("div", { className: "lab-scroll" }, this.readout), this.axisRow(), this.cards,
      this.addRow(), this.modelSection(), this.copySection());
    this.root.classList.add("lab-ready");
  }

  addRow() {
    const select = kindSelect({ "aria-label": "Kind of the schedule to add" });
    select.value = "StepDecay";
    this.addButton = button("Add schedule",
      () => this.add(initial(select.value, this.state.updates)));
    this.message = make("span", { className: "lab-message", role: "status" });
    return make("div", { className: "lab-row lab-actions" }, select, this.addButton,
      button("Reset", () => this.setState(this.beginning, true)),
      this.message);
  }

  settingControls() {
    const number = (name, label, unit, scale, whole = false) => numberControl({
      label, unit, scale, whole, min: RANGES[name][0], max: RANGES[name][1],
      get: () => this.state[name],
      set: (value, source) => {
        this.state[name] = clamp(value, RANGES[name]);
        this.edited(source);
      },
    });
    const flag = (name, label) => flagControl({ label, get: () => this.state[name],
      set: (value) => {
        this.state[name] = value;
        this.edited();
      } });
    return {
      log: flag("log", "rate on a log axis"),
      logLoss: flag("logLoss", "loss on a log axis"),
      updates: number("updates", "length of the run", "updates",
        () => logarithmic(10, 20000), true),
      momentum: number("momentum", "momentum", "of SGD", () => linear(0, 0.99, 0.01)),
      condition: number("condition", "condition number", "", () => logarithmic(1, 1e4)),
      noise: number("noise", "gradient noise", "variance", () => logarithmic(1e-4, 10, true)),
    };
  }

  axisRow() {
    const { log, logLoss } = this.settings;
    return make("div", { className: "lab-row lab-axes" }, log.element, logLoss.element);
  }

  /** A part that is closed at first where there is little room for it. */
  section(title, ...content) {
    const open = this.root.clientWidth > 880;
    return make("details", { className: "lab-section", open },
      make("summary", {}, title), ...content);
  }

  modelSection() {
    const { updates, momentum, condition, noise } = this.settings;
    const controls = [updates, momentum, condition, noise].map(({ element }) => element);
    const hint = "The loss is that of SGD on 20 coordinates, in expectation over the noise, " +
      "computed exactly. Their curvatures h run from 1 down to 1 / condition number; their " +
      "gradients have the variance noise · h.";
    return this.section("Length of the run, noisy quadratic",
      make("div", { className: "lab-fields" }, ...controls),
      make("p", { className: "lab-hint" }, hint));
  }

  copySection() {
    const name = newId();
    const radios = Object.keys(COPY).map((library) => {
      const checked = library === this.library;
      const radio = make("input", { type: "radio", name, value: library, checked });
      radio.addEventListener("change", () => {
        this.library = library;
        this.showCode();
      });
      return make("label", { className: "lab-flag" }, radio, ` ${library}`);
    });
    this.which = make("select", { "aria-label": "Schedule to copy" });
    this.which.addEventListener("change", () => {
      this.copied = this.which.selectedIndex;
      this.showCode();
    });
    this.code = make("code");
    const pre = make("pre", { tabIndex: 0, role: "region",
      "aria-label": "Code that makes the schedule" }, this.code);
    const copy = button("Copy", () => this.copy(this.code.textContent, "Copied."));
    return this.section("Copy as code",
      make("div", { className: "lab-row", role: "group", "aria-label": "Copy as" },
        this.which, ...radios, copy), pre);
  }

  buildCards() {
    const { schedules } = this.state;
    const clock = () => ({ n: this.state.updates, unit: "updates" });
    this.editors = schedules.map((schedule) => new Editor(this, schedule.config, {
      label: schedule.name, clock,
      replace: (config, focus) => this.replace(schedule, config, focus) }));
    const cards = schedules.map((schedule, i) => this.card(schedule, this.editors[i]));
    this.cards.replaceChildren(...cards);
    this.which.replaceChildren(...schedules.map(({ name }) => make("option", {}, name)));
    this.copied = clamp(this.copied, [0, Math.max(schedules.length - 1, 0)]);
    this.which.selectedIndex = this.copied;
    this.which.hidden = schedules.length < 2;
    this.addButton.disabled = schedules.length >= MOST;
  }

  card(schedule, editor) {
    const { schedules } = this.state;
    const name = make("input", { type: "text", value: schedule.name, className: "lab-name",
      "aria-label": "Name of the schedule", maxLength: 40 });
    name.addEventListener("change", () => {
      const others = schedules.filter((other) => other !== schedule);
      schedule.name = uniqueName(name.value.trim() || schedule.config.kind, others);
      this.restructured(".lab-name", schedule.name);
    });
    const hide = flagControl({ label: "show", get: () => !schedule.hidden, set: (shown) => {
      schedule.hidden = !shown;
      this.edited();
    } });
    const line = make("span");
    line.innerHTML = sample(schedule.slot);
    const head = make("div", { className: "lab-row lab-head" }, line, name, hide.element,
      button("Duplicate", () => this.add(structuredClone(schedule.config), schedule.name),
        { "aria-label": `Duplicate ${schedule.name}`, disabled: schedules.length >= MOST }),
      button("Remove", () => this.remove(schedule), { "aria-label": `Remove ${schedule.name}` }));
    return make("div", { className: "lab-card", role: "group", "aria-label": schedule.name },
      head, editor.element);
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
    this.state.schedules.forEach(({ config }) => mended(config));
    this.at = clamp(this.at, [0, this.state.updates - 1]);
    this.editors.forEach((editor) => editor.refresh(source));
    Object.values(this.settings).forEach((control) => control.refresh(source));
    this.redraw();
    this.onChange(this.state);
  }

  /** Schedules have come, gone or changed their kind: make their controls anew. */
  restructured(focus, label) {
    this.buildCards();
    if (this.drawn) this.edited();
    else this.redraw();
    if (focus) this.cardOf(label)?.querySelector(focus)?.focus();
  }

  cardOf(label) {
    return [...this.cards.children].find((card) => card.getAttribute("aria-label") === label);
  }

  /** Show another state: the reader's own wish, or one that comes from outside. */
  setState(state, tell = false) {
    this.state = completed(state);
    this.at = Math.floor(this.state.updates / 2);
    this.buildCards();
    Object.values(this.settings).forEach((control) => control.refresh());
    this.redraw();
    if (tell) this.onChange(this.state);
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

  curves({ config }) {
    const { updates, condition, noise, momentum } = this.state;
    const key = JSON.stringify([config, updates, condition, noise, momentum]);
    const found = this.cache.get(key) ?? this.computed(config);
    this.cache.delete(key); // what was used last goes last
    this.cache.set(key, found);
    if (this.cache.size > 2 * MOST) this.cache.delete(this.cache.keys().next().value);
    return found;
  }

  computed(config) {
    const rates = table(config, this.state.updates), loss = losses(rates, this.state);
    return { rates, loss, diverges: divergesAt(loss) };
  }

  draw() {
    const { updates, log, logLoss, momentum, schedules } = this.state;
    if (!this.root.isConnected) return;
    if (!this.sized) [this.ratePlot, this.lossPlot].forEach((plot) => plot.measure());
    this.sized = this.drawn = true;
    this.results = schedules.map((schedule) => ({ ...schedule, ...this.curves(schedule) }));
    const shown = this.results.filter(({ hidden }) => !hidden);
    const extremes = (key) => shown.flatMap(({ [key]: values }) => lowestAndHighest(values));
    const curves = (key) => shown.map(({ [key]: values, slot }) => ({ values, slot }));
    const highest = (shown[0]?.loss[0] ?? 1) * (logLoss ? DIVERGED : 2);
    const bound = { value: 2 * (1 + momentum), text: "above this, the quadratic diverges" };
    const notes = shown.filter(({ diverges }) => diverges >= 0).map((result) => ({
      slot: result.slot, t: result.diverges,
      text: `${result.name} diverges at update ${result.diverges}` }));
    this.ratePlot.draw(curves("rates"), {
      updates, log, ...axisFor(extremes("rates"), log, Infinity), line: bound });
    this.lossPlot.draw(curves("loss"), {
      updates, log: logLoss, ...axisFor(extremes("loss"), logLoss, highest), notes });
    this.showReadout();
    this.showCode();
    clearTimeout(this.quiet); // spoken once, after the last change
    this.quiet = setTimeout(() => { this.summary.textContent = this.described(); }, 700);
  }

  readAt(t) {
    this.at = t;
    this.showReadout();
  }

  showReadout() {
    const t = this.at, shown = (this.results ?? []).filter(({ hidden }) => !hidden);
    const cells = ({ rates, loss, diverges }) => [show(rates[t]), show(loss[t]),
      diverges < 0 ? show(loss.at(-1)) : `diverges at ${diverges}`];
    const rows = shown.map((result) => `<tr><th scope="row">${sample(result.slot)} ` +
      `${escaped(result.name)}</th><td>${cells(result).join("</td><td>")}</td></tr>`);
    const heads = [`at update <b>${t}</b>`, "rate η", "loss", "loss at the end"]
      .map((text) => `<th scope="col">${text}</th>`);
    this.readout.innerHTML =
      `<thead><tr>${heads.join("")}</tr></thead><tbody>${rows.join("")}</tbody>`;
    const spoken = (value) => `update ${t}: ` +
      shown.map((result) => `${result.name} ${show(value(result))}`).join(", ");
    this.ratePlot.moveCursor(t, spoken(({ rates }) => rates[t]));
    this.lossPlot.moveCursor(t, spoken(({ loss }) => loss[t]));
  }

  showCode() {
    const chosen = this.state.schedules[this.copied];
    this.code.textContent = chosen ? copyAs(this.library, chosen.config, this.state.updates) : "";
  }

  /** What is to be seen, for those who do not see it. */
  described() {
    const shown = this.results.filter(({ hidden }) => !hidden);
    if (!shown.length) return "No schedule is shown.";
    const { updates } = this.state;
    return shown.map(({ name, rates, loss, diverges }) => {
      const top = rates.reduce((best, x, t) => (x > rates[best] ? t : best), 0);
      const end = diverges >= 0 ? `diverges at update ${diverges}`
        : `goes from ${show(loss[0])} to ${show(loss.at(-1))}`;
      return `${name}: the rate goes from ${show(rates[0])} at update 0 to ` +
        `${show(rates.at(-1))} at update ${updates - 1}, highest ${show(rates[top])} at ` +
        `update ${top}; the expected loss ${end}.`;
    }).join(" ");
  }

  say(text) {
    this.message.textContent = text;
    clearTimeout(this.silence);
    this.silence = setTimeout(() => { this.message.textContent = ""; }, 4000);
  }

  copy(text, said) {
    const selected = () => { // where the clipboard is refused, the reader can still press Ctrl-C
      getSelection().selectAllChildren(this.code);
      this.say("Press Ctrl-C to copy.");
    };
    navigator.clipboard?.writeText(text).then(() => this.say(said), selected) ?? selected();
  }
}

const lowestAndHighest = (values) => {
  let [low, high] = [Infinity, 0];
  for (const v of values) {
    if (v > 0 && v < low) low = v;
    if (v > high) high = v;
  }
  return [low, Math.min(high, Number.MAX_VALUE)];
};

// ---- In JupyterLab: anywidget calls render ---------------------------------------------------

function render({ model, el }) {
  const root = make("div", { className: "schedule-lab" });
  el.append(root);
  let own; // what the page itself sent must not come back as news
  const lab = new Lab(root, model.get("state"), (state) => {
    own = JSON.stringify(state);
    model.set("state", JSON.parse(own));
    model.save_changes();
  });
  const follow = () => {
    const news = JSON.stringify(model.get("state"));
    if (news !== own) lab.setState(JSON.parse((own = news)));
  };
  model.on("change:state", follow);
  return () => model.off("change:state", follow);
}
export default { render };

// ---- In a page of the book: every element of the class, its state in a link ------------------

function mount(root, index) {
  const id = index ? `lab-${index + 1}` : "lab";
  const given = JSON.parse(root.querySelector("script").textContent);
  let waiting;
  const write = (state) => { // browsers refuse an address that changes with every pixel of a drag
    clearTimeout(waiting);
    waiting = setTimeout(() => setAddress(`#${toLink(id, state)}`), 250);
  };
  const lab = new Lab(root, given, write);
  const follow = () => {
    try {
      const linked = fromLink(id, location.hash.slice(1));
      if (!linked) return;
      lab.setState(linked);
      root.scrollIntoView();
    } catch (error) {
      lab.say(`The link cannot be read: ${error.message}.`);
    }
  };
  const share = button("Copy link", () => {
    clearTimeout(waiting);
    setAddress(`#${toLink(id, lab.state)}`);
    lab.copy(location.href, "Link copied: it holds this setting.");
  });
  lab.message.before(share);
  addEventListener("hashchange", follow);
  follow();
}

function setAddress(hash) {
  try {
    history.replaceState(history.state, "", hash);
  } catch {
    location.replace(hash); // some browsers refuse the other from file://
  }
}

for (const [index, root] of document.querySelectorAll(".schedule-lab").entries())
  if (root.querySelector("script") && !root.classList.contains("lab-ready")) mount(root, index);
