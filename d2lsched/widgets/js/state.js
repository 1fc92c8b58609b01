// The state, and the link that holds it.

import { expression, parsed } from "./notation.js";
import { clamp, mended } from "./valid.js";

const SETTINGS = { updates: 780, log: false, logLoss: true, condition: 100, noise: 0.1,
  momentum: 0, view: "loss", optimizer: "sgd", trainMomentum: 0.9,
  epochs: null, seeds: 3 };
const CHOICES = { view: ["loss", "peaks", "ravine", "training", "accuracy"],
  optimizer: ["sgd", "adam"] };
export const RANGES = { updates: [10, 20000], condition: [1, 1e6], noise: [0, 1e6],
  momentum: [0, 0.999], trainMomentum: [0, 0.999], epochs: [1, 30], seeds: [1, 5] };
const WHOLE = new Set(["updates", "epochs", "seeds"]);
export const MOST = 8; // schedules at once

export const isAutomatic = (name, kind) => !name || new RegExp(`^${kind}( \\d+)?$`).test(name);

export function uniqueName(wanted, others) {
  const taken = new Set(others.map(({ name }) => name));
  let name = wanted;
  for (let n = 2; taken.has(name); n++) name = `${wanted} ${n}`;
  return name;
}

/** The value of a setting nearest to what is given; its preset for what is none. */
export function nearest(key, value) {
  if (typeof SETTINGS[key] === "boolean") return Boolean(value ?? SETTINGS[key]);
  if (key in CHOICES) return CHOICES[key].includes(value) ? value : SETTINGS[key];
  if (!Number.isFinite(value)) return SETTINGS[key];
  return clamp(WHOLE.has(key) ? Math.round(value) : value, RANGES[key]);
}

/** A whole and valid state, from whatever part of one is given. */
export function completed(given) {
  const state = {};
  for (const key of Object.keys(SETTINGS)) state[key] = nearest(key, given?.[key]);
  state.schedules = [];
  for (const { name, config, hidden, slot } of (given?.schedules ?? []).slice(0, MOST)) {
    const own = mended(structuredClone(config));
    state.schedules.push({ name: uniqueName(name || own.kind, state.schedules), config: own,
      hidden: Boolean(hidden), slot: slot ?? freeSlot(state.schedules) });
  }
  return state;
}

export const freeSlot = (schedules) => {
  const used = schedules.map(({ slot }) => slot);
  return [...Array(MOST).keys()].find((slot) => !used.includes(slot)) ?? 0;
};

const encoded = (name) => encodeURIComponent(name).replaceAll("(", "%28"); // which ends a name

/** The state as the part of an address behind #: made to be read, and written by hand. */
export function toLink(id, state) {
  const settings = Object.entries(SETTINGS).filter(([key, preset]) => state[key] !== preset)
    .map(([key]) => `${key}=${typeof state[key] === "boolean" ? Number(state[key]) : state[key]}`);
  const schedules = state.schedules.map(({ name, config, hidden }) => {
    const named = isAutomatic(name, config.kind) ? "" : `${encoded(name)}:`;
    // Of what is quoted only a formula needs its quotes, and its spaces.
    const text = expression(config).replace(/(?<=Formula\()"[^"]*"|[\s"]/g,
      (found) => found.length > 1 ? encodeURIComponent(found) : "");
    return `${hidden ? "hidden" : "show"}=${named}${text}`;
  });
  return [id, ...settings, ...(schedules.length ? schedules : ["none"])].join("&");
}

/** The state in such a link; null if it is for something else, an Error if it is broken. */
export function fromLink(id, link) {
  const [target, ...fields] = link.split("&");
  if (target !== id || !fields.length) return null;
  const given = { schedules: [] };
  for (const field of fields) {
    const [, key, text] = field.match(/^(\w+)=(.*)$/) ?? [];
    if (key === "show" || key === "hidden") {
      const [name, call] = text.match(/^(?:([^(:]*):)?(.*)$/).slice(1)
        .map((part) => part && decodeURIComponent(part));
      given.schedules.push({ name, config: parsed(call), hidden: key === "hidden" });
    } else if (key in SETTINGS) {
      given[key] = setting(key, text);
    } else if (field !== "none") throw new Error(`“${field}” is none of its parts`);
  }
  if (!given.schedules.length && !fields.includes("none")) throw new Error("no schedule is in it");
  return completed(given);
}

function setting(key, text) {
  const known = { boolean: { 0: false, 1: true }[text], string: text }[typeof SETTINGS[key]];
  const value = known ?? (text ? Number(text) : NaN);
  if (nearest(key, value) !== value) throw new Error(`${key} = ${text || "nothing"} is not possible`);
  return value;
}
