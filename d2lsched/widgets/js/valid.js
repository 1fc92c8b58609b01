// New schedules, and validity: the page only ever holds what Python would accept.

import { TYPES } from "./parameters.js";
import { SCHEDULES, innersOf, isComposed, parametersOf } from "./schedules.js";

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

export const clamp = (x, [low, high]) => Math.min(Math.max(x, low), high);

function cleanNumber(value, { type, initial, preset }) {
  const { min = -Number.MAX_VALUE, max = Number.MAX_VALUE, whole } = TYPES[type];
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
  formula: String,
  numbers: (value) => Array.from(value, ([name, x]) => [String(name), Number.isFinite(x) ? x : 1]),
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
export function converted(config, kind, n) {
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

/** What mending changed: a text for each value that is not what was asked for. */
export function changes(asked, got, path = []) {
  if (asked === null || typeof asked !== "object") {
    if (asked === got) return [];
    const name = path.filter((part) => !/^(config|schedules|schedule)$/.test(part)).join(" ");
    return [`${name} is ${got ?? "free"}: ${asked} is not possible here`];
  }
  return Object.keys(asked).flatMap((key) => {
    const part = /^\d+$/.test(key) ? asked[key]?.name ?? (path.at(-1) === "schedules"
      ? `part ${Number(key) + 1}` : Number(key) + 1) : key;
    return changes(asked[key], got?.[key], [...path, String(part)]);
  });
}
