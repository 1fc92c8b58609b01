// A formula: a Python expression of t and of named numbers, read and evaluated without eval.
//
// The parser descends from what binds least (if … else) to what binds most (**), as Python's
// grammar does. A tree's nodes are {op, args, at}: what to do, with what, and where it stands.

export class FormulaError extends Error {
  /** at: [from, to], the place in the text. */
  constructor(message, at) {
    super(message);
    this.at = at;
  }
}

// How many arguments each function takes, and what it is.
export const FUNCTIONS = {
  min: [2, Infinity, (...x) => x.reduce((a, b) => (b < a ? b : a))],
  max: [2, Infinity, (...x) => x.reduce((a, b) => (b > a ? b : a))],
  abs: [1, 1, Math.abs], floor: [1, 1, Math.floor], ceil: [1, 1, Math.ceil],
  sqrt: [1, 1, Math.sqrt], exp: [1, 1, Math.exp], log: [1, 1, Math.log],
  cos: [1, 1, Math.cos], sin: [1, 1, Math.sin],
};
const WORDS_OF_PYTHON = new Set(["if", "else", "and", "or", "not"]);
const RESERVED = new Set(("False None True as assert async await break class continue def del elif " +
  "except finally for from global import in is lambda nonlocal pass raise return try while with " +
  "yield jnp keras math ops optax torch").split(" ")); // and what the copied code needs
const DIGITS = "\\d+(?:_\\d+)*";
const SYMBOL = new RegExp(`\\s*(?:((?:${DIGITS}\\.?(?:${DIGITS})?|\\.${DIGITS})(?:e[-+]?\\d+)?)` +
  "|([a-z_]\\w*)|(\\*\\*|//|[<>=!]=|[-+*/%<>(),]))", "giy");
export const LONGEST = 500; // letters

const HINTS = { "=": "; “==” compares", "^": "; “**” raises to a power", "×": "; “*” multiplies" };

function symbols(text) {
  const found = [];
  SYMBOL.lastIndex = 0;
  while (SYMBOL.lastIndex < text.trimEnd().length) {
    const from = SYMBOL.lastIndex, match = SYMBOL.exec(text);
    if (!match) {
      const at = from + text.slice(from).search(/\S/), sign = text[at];
      throw new FormulaError(`“${sign}” has no meaning here${HINTS[sign] ?? ""}`, [at, at + 1]);
    }
    const [whole, number, name] = match, end = SYMBOL.lastIndex;
    const word = whole.trim();
    if (number && /^0\d*[1-9]\d*$/.test(word))
      throw new FormulaError(`“${word}” begins with a 0`, [end - word.length, end]);
    found.push({ kind: number ? "number" : name && !WORDS_OF_PYTHON.has(word) ? "name" : word,
      word, at: [end - word.length, end] });
  }
  return found;
}

/** The tree of a formula; a FormulaError, with its place, if it is none. */
export function parseFormula(text) {
  if (text.length > LONGEST)
    throw new FormulaError(`longer than ${LONGEST} letters`, [LONGEST, text.length]);
  const all = symbols(text);
  let i = 0, depth = 0;
  const end = { kind: "end", word: "the end", at: [text.length, text.length] };
  const next = () => all[i] ?? end;
  const fail = (message, at = next().at) => { throw new FormulaError(message, at); };
  const take = (kind) => (next().kind === kind ? all[i++] : undefined);
  const need = (kind, what) => take(kind) ?? fail(`${what} is missing before ${quoted(next())}`);
  const quoted = ({ kind, word }) => (kind === "end" ? word : `“${word}”`);
  const node = (op, ...args) => ({ op, args, at: [args[0].at[0], args.at(-1).at[1]] });

  // Operators of one level, from left to right.
  const leftwards = (operators, operand) => () => {
    let left = operand();
    while (operators.includes(next().kind)) {
      const { kind } = all[i++];
      left = node(kind, left, operand());
    }
    return left;
  };
  const deeper = (rule) => {
    if (++depth > 60) fail("nested too deep");
    const value = rule();
    depth--;
    return value;
  };
  const expression = () => deeper(() => {
    const value = either();
    if (!take("if")) return value;
    const condition = either();
    need("else", "“else”");
    const other = expression();
    return { op: "if", args: [condition, value, other], at: [value.at[0], other.at[1]] };
  });
  const negation = () => {
    const word = take("not");
    if (!word) return comparison();
    const value = deeper(negation);
    return { op: "not", args: [value], at: [word.at[0], value.at[1]] };
  };
  const comparison = () => { // 0 < t < 10 compares twice
    const values = [sum()], signs = [];
    while (["<", ">", "<=", ">=", "==", "!="].includes(next().kind)) {
      signs.push(all[i++].kind);
      values.push(sum());
    }
    return signs.length ? { ...node("compare", ...values), signs } : values[0];
  };
  const signed = () => {
    const sign = take("-") ?? take("+");
    if (!sign) return power();
    const value = deeper(signed);
    const op = sign.kind === "-" ? "negative" : "positive";
    return { op, args: [value], at: [sign.at[0], value.at[1]] };
  };
  const power = () => {
    const base = atom();
    return take("**") ? node("**", base, deeper(signed)) : base;
  };
  const atom = () => {
    const symbol = next();
    if (take("number"))
      return { op: "number", args: [], value: Number(symbol.word.replaceAll("_", "")), ...symbol };
    if (take("(")) {
      const value = expression();
      const close = need(")", "“)”");
      return { ...value, at: [symbol.at[0], close.at[1]], grouped: true };
    }
    if (!take("name")) return fail(`a number or a name is missing before ${quoted(symbol)}`);
    if (RESERVED.has(symbol.word)) return fail(`“${symbol.word}” cannot be a name`, symbol.at);
    if (next().kind === "(") return call(symbol);
    if (Object.hasOwn(FUNCTIONS, symbol.word))
      return fail(`${symbol.word} wants its argument in ( )`, symbol.at);
    return { op: "name", args: [], word: symbol.word, at: symbol.at };
  };
  const call = ({ word, at }) => {
    if (!Object.hasOwn(FUNCTIONS, word))
      fail(`there is no function ${word}; there are ${Object.keys(FUNCTIONS).join(", ")}`, at);
    take("(");
    const args = [];
    if (next().kind !== ")") do args.push(expression()); while (take(",") && next().kind !== ")");
    const close = need(")", "“)” or an operator"), [least, most] = FUNCTIONS[word];
    const place = [at[0], close.at[1]];
    if (args.length < least || args.length > most)
      fail(`${word} wants ${least === most ? "one argument" : "two arguments or more"}`, place);
    return { op: "call", args, word, at: place };
  };
  const product = leftwards(["*", "/", "//", "%"], signed);
  const sum = leftwards(["+", "-"], product);
  const both = leftwards(["and"], negation);
  const either = leftwards(["or"], both);

  if (!all.length) fail("there is no formula");
  const tree = expression();
  if (next() !== end) fail(`an operator is missing before ${quoted(next())}`);
  return tree;
}

const leaves = (tree) => (tree.args.length ? tree.args.flatMap(leaves) : [tree]);

/** The names that stand for numbers of a formula's own, neither t nor pi, as they come in it. */
export const namesIn = (tree) => [...new Set(leaves(tree).filter(({ op }) => op === "name")
  .sort((a, b) => a.at[0] - b.at[0]).map(({ word }) => word))].filter((word) => !/^(t|pi)$/.test(word));

// Python's rounding towards −∞, and the remainder with the sign of the divisor.
function remainder(a, b) {
  const rest = a % b;
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
}

function quotientOf(a, b) {
  const exact = (a - remainder(a, b)) / b, whole = Math.floor(exact);
  return exact - whole > 0.5 ? whole + 1 : whole;
}

const COMPARE = { "<": (a, b) => a < b, ">": (a, b) => a > b, "<=": (a, b) => a <= b,
  ">=": (a, b) => a >= b, "==": (a, b) => a === b, "!=": (a, b) => a !== b };
const ARITHMETIC = {
  "+": (a, b) => a + b, "-": (a, b) => a - b, "*": (a, b) => a * b, "/": (a, b) => a / b,
  "//": quotientOf, "%": remainder, "**": (a, b) => a ** b,
  negative: (a) => -a, positive: (a) => a,
};

/** A function of {t, …}, the numbers by their names, that gives the formula's value. */
export function evaluator(tree) {
  const { op, args, at, word } = tree, parts = args.map(evaluator);
  if (op === "number") return () => tree.value;
  if (op === "name") return word === "pi" ? () => Math.PI : (names) => names[word];
  if (op === "if") return (names) => (parts[0](names) ? parts[1](names) : parts[2](names));
  if (op === "not") return (names) => Number(!parts[0](names));
  if (op === "and") return (names) => parts[0](names) && parts[1](names);
  if (op === "or") return (names) => parts[0](names) || parts[1](names);
  if (op === "compare") return (names) => {
    let left = parts[0](names);
    for (let i = 0; i < tree.signs.length; i++) {
      const right = parts[i + 1](names);
      if (!COMPARE[tree.signs[i]](left, right)) return 0;
      left = right;
    }
    return 1;
  };
  const act = op === "call" ? FUNCTIONS[word][2] : ARITHMETIC[op];
  return (names) => {
    const values = parts.map((part) => part(names));
    if (/^(\/|\/\/|%)$/.test(op) && values[1] === 0) throw new FormulaError("division by zero", at);
    const result = act(...values);
    if (Number.isFinite(result)) return result;
    throw new FormulaError(Number.isNaN(result) ? "no real number" : "too large a number", at);
  };
}

const LAST = 20_000; // the highest rate is sought up to this update, as in widgets/formula.py

/** A schedule's formula as a function of t; where it has no value, `refuse` gives one. */
export function formulaOf({ expression, numbers }, refuse = () => 0) {
  const value = evaluator(parseFormula(expression)), names = Object.fromEntries(numbers);
  return (t) => {
    try {
      return value({ ...names, t });
    } catch (error) {
      if (error instanceof FormulaError) return refuse(error, t);
      throw error;
    }
  };
}

const peaks = new Map(); // of one formula after the other
export function formulaPeak(config) {
  const key = JSON.stringify(config);
  if (!peaks.has(key)) {
    const ask = formulaOf(config);
    let highest = 0;
    for (let t = 0; t <= LAST; t++) highest = Math.max(highest, ask(t));
    if (peaks.size > 50) peaks.clear();
    peaks.set(key, highest);
  }
  return peaks.get(key);
}

/** What is wrong with a formula's values in the first n updates, in words; "" if nothing is. */
export function formulaProblem(config, n) {
  let problem = "";
  const ask = formulaOf(config, ({ message }, t) => {
    problem ||= `${message} at update ${t}: the rate is 0 there`;
    return 0;
  });
  for (let t = 0; t < n && !problem; t++)
    if (ask(t) < 0) problem = `negative at update ${t}: the rate is 0 there`;
  return problem;
}

/** The numbers that a formula needs: known ones keep their values. */
export function numbersFor(expression, known) {
  const values = new Map(known);
  return namesIn(parseFormula(expression)).map((name) => [name, values.get(name) ?? 1]);
}
