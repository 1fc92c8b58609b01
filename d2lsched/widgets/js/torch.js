// A schedule as PyTorch code.

import { ends, imported, indented, listed, phases, ratio, sequence } from "./code.js";
import { plainFunction } from "./formulacode.js";
import { expression, float, literal } from "./notation.js";
import { general, innersOf, peak, rate } from "./schedules.js";

// torch: a scheduler multiplies the optimizer's own rate. Those that a SequentialLR may hold
// are relative to it and begin with it; OneCycleLR and CyclicLR set a rate of their own.
const TORCH = {
  Constant: () => "ConstantLR(optimizer, factor=1.0)",
  MultiStepDecay: (c) =>
    `MultiStepLR(optimizer, milestones=[${c.milestones.join(", ")}], gamma=${float(c.gamma)})`,
  ExponentialDecay: (c) => {
    if (c.end_lr) return null;
    if (c.staircase) return `StepLR(optimizer, step_size=${c.decay_steps}, gamma=${float(c.gamma)})`;
    const root = c.decay_steps === 1 ? "" : ` ** (1 / ${c.decay_steps})`;
    return `ExponentialLR(optimizer, gamma=${float(c.gamma)}${root})`;
  },
  InverseTimeDecay: (c) => {
    const time = c.staircase ? `(t // ${c.decay_steps})` : `t / ${c.decay_steps}`;
    return `LambdaLR(optimizer, lambda t: 1 / (1 + ${float(c.rate)} * ${time}))`;
  },
  InverseScaling: (c) => `LambdaLR(optimizer, lambda t: (t + 1) ** -${float(c.power)})`,
  InverseSqrtDecay: ({ warmup_steps: w }) =>
    `LambdaLR(optimizer, lambda t: min((t + 1) / ${w}, (${w} / (t + 1)) ** 0.5))`,
  PolynomialDecay: (c) => {
    if (c.power === 1) return `LinearLR(optimizer, start_factor=1.0, ` +
      `end_factor=${ratio(c.end_lr, c.lr)}, total_iters=${c.steps})`;
    const power = `total_iters=${c.steps}, power=${float(c.power)}`;
    return c.end_lr ? null : `PolynomialLR(optimizer, ${power})`;
  },
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
    return torchSequence(phases(c, torchRise(c.start_lr, c.lr, c.warmup_steps), TORCH.Constant(),
      TORCH.PolynomialDecay({ ...c, power: 1, steps: c.decay_steps })));
  },
  Warmup: (c, n) => {
    const inner = torchRelative(c.schedule, n - c.steps);
    if (!inner || !c.start_lr || c.shape === "exponential") return null;
    const rise = c.shape === "linear" ? torchRise(c.start_lr, c.schedule.lr, c.steps)
      : `ConstantLR(optimizer, factor=${ratio(c.start_lr, c.schedule.lr)}, total_iters=${c.steps})`;
    return torchSequence([[c.steps, rise], [n, inner]]);
  },
  Sequential: (c, n) => {
    const parts = sequence(c, n, torchRelative);
    const oneRate = c.schedules.every((part) => part.lr === c.schedules[0].lr);
    return oneRate && parts.every(([, code]) => code) ? torchSequence(parts) : null;
  },
  Product: (c, n) => { // only what multiplies the rate it finds can be chained
    const chained = ["Constant", "MultiStepDecay", "ExponentialDecay"];
    const parts = c.schedules.map((s) =>
      chained.includes(general(s).kind) ? torchRelative(s, n) : null);
    return parts.every(Boolean) ? `ChainedScheduler(${listed(parts)})` : null;
  },
  PerEpoch: (c, n) => torchCode(c.schedule, Math.ceil(n / c.steps_per_epoch)),
};
const torchRise = (from, to, steps) =>
  `LinearLR(optimizer, start_factor=${ratio(from, to)}, total_iters=${steps})`;
const torchCode = (c, n) =>
  (peak(c) > 0 ? TORCH[general(c).kind]?.(general(c), n) ?? null : null);
const torchRelative = (c, n) =>
  c.lr > 0 && rate(c, 0) === c.lr && c.kind !== "WarmupStableDecay" ? torchCode(c, n) : null;
const torchSequence = (parts) => parts.length === 1 ? parts[0][1]
  : `SequentialLR(\n    optimizer,\n${indented(listed(parts.map(([, code]) => code)))},\n` +
    `    milestones=[${ends(parts).join(", ")}],\n)`;

// The rate that an optimizer is given, which the scheduler multiplies.
const torchRate = (c) => {
  if (c.kind === "Product") return c.schedules.map(torchRate).reduce((a, b) => a * b, 1);
  return c.lr ?? (innersOf(c)[0] ? torchRate(innersOf(c)[0]) : peak(c));
};

export function asTorch(config, n) {
  const code = torchCode(config, n);
  const used = [...new Set(code?.match(/\w+(LR|Restarts|Scheduler)(?=\()/g))];
  const plain = code ? null : plainFunction(config, n);
  if (plain) return `${plain.imports}${plain.imports && "\n"}import torch
from torch.optim.lr_scheduler import LambdaLR


${plain.code}

optimizer = torch.optim.SGD(model.parameters(), lr=1.0)  # the schedule gives the whole rate
scheduler = LambdaLR(optimizer, schedule)
# Call scheduler.step() after every optimizer.step().
`;
  const imports = code ? `from torch.optim.lr_scheduler import ${used.sort().join(", ")}`
    : `${imported(config)}from d2lsched.torch import native`;
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
