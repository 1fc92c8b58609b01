// A schedule as text: Python's own notation, written and read.

import { numbersFor } from "./formula.js";
import { TYPES } from "./parameters.js";
import { SCHEDULES, parametersOf } from "./schedules.js";
import { changes, mended } from "./valid.js";

export const float = (x) => (/[.e]/.test(String(x)) ? String(x) : `${x}.0`);

export function literal(value, type) {
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
  if (config.kind === "Formula") {
    const numbers = config.numbers.map(([name, x]) => `, ${name}=${float(x)}`);
    return `Formula("${config.expression}"${numbers.join("")})`;
  }
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
    if (!Object.hasOwn(SCHEDULES, kind)) throw new Error(`there is no schedule ${kind}`);
    take("(");
    const { parameters } = SCHEDULES[kind], names = Object.keys(parameters);
    const given = Object.fromEntries(
      items(")", argument).map(([name, x], i) => [name ?? names[i] ?? `number ${i + 1}`, x]));
    if (kind === "Formula") return formulaFrom(given);
    for (const name of Object.keys(given))
      if (!Object.hasOwn(parameters, name)) throw new Error(`${kind} has no parameter ${name}`);
    for (const name of names)
      if (parameters[name].preset === undefined && !(name in given))
        throw new Error(`${name} is missing in ${kind}`);
    return { kind, ...given };
  };
  const config = value();
  if (typeof config !== "object") throw new Error(`“${text}” is no schedule`);
  if (tokens.length) throw new Error(`${tokens[0]} is too much in ${text}`);
  const asked = structuredClone(config), [first] = changes(asked, mended(config));
  if (first) throw new Error(first);
  return config;
}

function formulaFrom({ expression, ...numbers }) {
  const needed = numbersFor(String(expression), []).map(([name]) => name);
  for (const name of needed) if (!(name in numbers)) throw new Error(`${name} is missing in Formula`);
  for (const name of Object.keys(numbers))
    if (!needed.includes(name)) throw new Error(`the formula has no ${name}`);
  return { kind: "Formula", expression, numbers: needed.map((name) => [name, numbers[name]]) };
}
