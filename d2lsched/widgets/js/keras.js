// A schedule as Keras code.

import { imported, indented, isLate, share } from "./code.js";
import { kerasFunction } from "./formulacode.js";
import { expression, float } from "./notation.js";
import { general, peak } from "./schedules.js";

// All rates are floats: an integer one goes wrong.
const KERAS = {
  Constant: (c) => float(c.lr),
  MultiStepDecay: (c) => { // Keras keeps the old value at a boundary itself
    const values = c.milestones.map((_, i) => `${float(c.lr)} * ${float(c.gamma)} ** ${i + 1}`);
    return `schedules.PiecewiseConstantDecay(
    boundaries=[${c.milestones.map((m) => m - 1).join(", ")}],
    values=[${[float(c.lr), ...values].join(", ")}],
)`;
  },
  ExponentialDecay: (c, n) => c.end_lr || (c.staircase && isLate(c.decay_steps, n)) ? null
    : `schedules.ExponentialDecay(${float(c.lr)}, decay_steps=${c.decay_steps}, ` +
      `decay_rate=${float(c.gamma)}${c.staircase ? ", staircase=True" : ""})`,
  InverseTimeDecay: (c, n) => c.staircase && isLate(c.decay_steps, n) ? null
    : `schedules.InverseTimeDecay(${float(c.lr)}, decay_steps=${c.decay_steps}, ` +
      `decay_rate=${float(c.rate)}${c.staircase ? ", staircase=True" : ""})`,
  PolynomialDecay: (c) => `schedules.PolynomialDecay(${float(c.lr)}, decay_steps=${c.steps}, ` +
    `end_learning_rate=${float(c.end_lr)}, power=${float(c.power)})`,
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

export function asKeras(config, n) {
  const code = peak(config) > 0 ? KERAS[general(config).kind]?.(general(config), n) : null;
  const plain = code ? null : kerasFunction(config, n);
  if (plain) return `${plain.math ? "import math\n\n" : ""}import keras
from keras import ops
from keras.optimizers.schedules import LearningRateSchedule


class Schedule(LearningRateSchedule):
${indented(plain.code.trimEnd())}

    def get_config(self):
        return {}


learning_rate = Schedule()
optimizer = keras.optimizers.SGD(learning_rate)
`;
  const imports = !code ? `${imported(config)}from d2lsched.tensorflow import native
` : code.startsWith("schedules") ? "from keras.optimizers import schedules\n" : "";
  return `import keras
${imports}
learning_rate = ${code ?? `native(${expression(config)})`}
optimizer = keras.optimizers.SGD(learning_rate)
`;
}
