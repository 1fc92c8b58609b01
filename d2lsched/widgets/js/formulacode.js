// A formula as code: as Python it stands as it is, arrays need their own functions.

import { textOf } from "./asformula.js";
import { parseFormula } from "./formula.js";
import { float } from "./notation.js";

const JAX = { module: "jnp", divide: (a, b) => `${a} // ${b}` };
// Compiled, TensorFlow's division may be rounded to below a whole number; its remainder is exact.
const KERAS_OPS = { module: "ops", divide: (a, b) => `ops.round((${a} - ${a} % ${b}) / ${b})` };
const ARRAY_NAMES = { min: "minimum", max: "maximum" };

/** A tree as an expression of arrays: both sides of an “if” are computed, and one is taken. */
function arrays(tree, library) {
  const { op, args, word } = tree, { module, divide } = library;
  const parts = args.map((part) => arrays(part, library));
  const where = (condition, yes, no) => `${module}.where(${condition}, ${yes}, ${no})`;
  const truth = (i) => (/^(compare|not)$/.test(args[i].op) ? parts[i] : `(${parts[i]} != 0)`);
  switch (op) {
    case "number": return float(tree.value);
    case "name": return word === "pi" ? "math.pi" : word;
    case "if": return where(truth(0), parts[1], parts[2]);
    case "not": return `${module}.logical_not(${truth(0)})`;
    case "and": return where(truth(0), parts[1], parts[0]);
    case "or": return where(truth(0), parts[0], parts[1]);
    case "compare": {
      const pairs = tree.signs.map((sign, i) => `(${parts[i]} ${sign} ${parts[i + 1]})`);
      return pairs.reduce((a, b) => `${module}.logical_and(${a}, ${b})`);
    }
    case "call": {
      const name = `${module}.${ARRAY_NAMES[word] ?? word}`;
      if (word in ARRAY_NAMES) return parts.reduce((a, b) => `${name}(${a}, ${b})`);
      return `${name}(${parts.join(", ")})`;
    }
    case "negative": return `(-${parts[0]})`;
    case "positive": return parts[0];
    case "//": return `(${divide(...parts)})`;
    // In float32 a base would be rounded before its power multiplies the error.
    case "**": if (args[0].op === "number" && args[0].value > 0 && args[1].op !== "number")
      return `${module}.exp(${parts[1]} * math.log(${parts[0]}))`;
    // falls through
    default: return `(${parts.join(` ${op} `)})`;
  }
}

const needsMath = (text) => [...new Set(text.match(/\b(floor|ceil|sqrt|exp|log|cos|sin|pi)\b/g))].sort();
const given = ({ numbers }) => numbers.map(([name, x]) => `    ${name} = ${float(x)}\n`).join("");
const atLeast0 = (text) => `    return max(0.0, ${text})\n`;

// A schedule as a formula: a Formula is one already, and keeps the names of its numbers.
function formulaFor(config, n) {
  if (config.kind === "Formula") return config;
  const expression = textOf(config, "t", n);
  return expression && { expression, numbers: [] };
}

/** A Python function of t, with what it imports; null if there is no short one. */
export function plainFunction(schedule, n) {
  const config = formulaFor(schedule, n);
  if (!config) return null;
  const names = needsMath(config.expression);
  const imports = names.length ? `from math import ${names.join(", ")}\n` : "";
  return { imports, code: `def schedule(t):\n${given(config)}${atLeast0(config.expression)}` };
}

function arrayFunction(schedule, n, library, head, first) {
  const config = formulaFor(schedule, n);
  if (!config) return null;
  const text = arrays(parseFormula(config.expression), library);
  return { math: text.includes("math."), code: `${head}
    t = ${first}
${given(config)}    return ${library.module}.maximum(0.0, ${text})
` };
}

/** A function of the count of updates in jax.numpy; null if there is no short one. */
export const jaxFunction = (schedule, n) =>
  arrayFunction(schedule, n, JAX, "def schedule(count):", "jnp.asarray(count, jnp.float32)");

/** A method of a Keras schedule; null if there is no short one. */
export const kerasFunction = (schedule, n) =>
  arrayFunction(schedule, n, KERAS_OPS, "def __call__(self, step):", 'ops.cast(step, "float32")');
