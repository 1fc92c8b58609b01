// A schedule as optax code.

import { ends, imports, indented, isLate, listed, phases, ratio, sequence, share } from "./code.js";
import { jaxFunction } from "./formulacode.js";
import { expression, float } from "./notation.js";
import { SCHEDULES, general, peak, rate } from "./schedules.js";

// optax: a schedule is a function of the count, so that parts can be joined whatever they are.
const OPTAX = {
  Constant: (c) => `optax.constant_schedule(${float(c.lr)})`,
  MultiStepDecay: (c) => `optax.piecewise_constant_schedule(${float(c.lr)}, ` +
    `{${c.milestones.map((m) => `${m}: ${float(c.gamma)}`).join(", ")}})`,
  ExponentialDecay: (c, n) => { // with decay_rate=1 its end_value would be a ceiling
    if (c.gamma === 1 || (c.staircase && isLate(c.decay_steps, n))) return null;
    const more = (c.staircase ? ", staircase=True" : "") +
      (c.end_lr ? `, end_value=${float(c.end_lr)}` : "");
    return `optax.exponential_decay(${float(c.lr)}, transition_steps=${c.decay_steps}, ` +
      `decay_rate=${float(c.gamma)}${more})`;
  },
  PolynomialDecay: (c) => c.power === 1 ? optaxLine(c.lr, c.end_lr, c.steps)
    : `optax.polynomial_schedule(${float(c.lr)}, ${float(c.end_lr)}, power=${float(c.power)}, ` +
      `transition_steps=${c.steps})`,
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
  WarmupStableDecay: (c) => c.shape !== "linear" ? null : optaxJoined(phases(c,
    optaxLine(c.start_lr, c.lr, c.warmup_steps), OPTAX.Constant(c),
    optaxLine(c.lr, c.end_lr, c.decay_steps))),
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
    return optaxJoined([[w, rise], [n - w, optaxCode(inner, n - w)]]);
  },
  Sequential: (c, n) => optaxJoined(sequence(c, n, optaxCode)),
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
const optaxJoined = (parts) => parts.length === 1 ? parts[0][1]
  : `optax.join_schedules(\n${indented(listed(parts.map(([, code]) => code)))},\n` +
    `    boundaries=[${ends(parts).join(", ")}],\n)`;
const optaxCode = (c, n) =>
  (peak(c) > 0 ? OPTAX[general(c).kind]?.(general(c), n) : null) ?? `native(${expression(c)})`;

export function asOptax(config, n) {
  const plain = config.kind === "Formula" ? jaxFunction(config, n) : null;
  if (plain) return `${plain.math ? "import math\n\n" : ""}import jax.numpy as jnp
import optax


${plain.code}

learning_rate = schedule
optimizer = optax.sgd(learning_rate)
`;
  const code = optaxCode(config, n);
  const named = (kind) => new RegExp(`\\b${kind}\\(`).test(code);
  const kinds = Object.keys(SCHEDULES).filter(named);
  const head = (code.includes("math.") ? "import math\n\n" : "") + "import optax\n" +
    (kinds.length ? `${imports(kinds)}from d2lsched.jax import native\n` : "");
  return `${head}\nlearning_rate = ${code}\noptimizer = optax.sgd(learning_rate)\n`;
}
