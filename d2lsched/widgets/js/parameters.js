// Parameters: what kinds of numbers there are.

// A scale turns a value into a slider's position and back. Rates want a logarithmic one; where
// 0 is allowed, it is the leftmost position.
export const rounded = (x, digits = 3) => Number(x.toPrecision(digits));

export const linear = (min, max, step) => ({ min, max, step, at: (x) => x, value: (p) => p });

export const logarithmic = (low, high, zero = false) => {
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
export const TYPES = {
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
  number: { unit: "", scale: () => logarithmic(1e-4, 1e5, true) },
  share: { min: 0, max: 1, unit: "of the run", scale: () => linear(0, 1, 0.01) },
};

// A parameter: its type, its value in a schedule newly made for n updates, and the default that
// Python gives it (none if Python requires it).
export const parameter = (type) => (initial, preset) => ({ type, preset,
  initial: (n) => (typeof initial === "function" ? initial(n) : initial ?? preset) });
export const optional = (type, preset) => parameter(type)(undefined, preset);
export const [rate_, updates_, count_, factor_, decay_] =
  ["rate", "updates", "count", "factor", "decay"].map(parameter);
export const flag = { type: "flag", preset: false, initial: () => false };
export const choice = (...choices) => ({ ...optional("choice", choices[0]), choices });
export const milestones = parameter("milestones");
export const part = (share) => (n) => Math.max(1, Math.round(n * share));

export const LR = rate_(0.4);
export const STEPS = updates_(part(1));
export const FLOOR = optional("rate", 0);
