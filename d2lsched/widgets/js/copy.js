// Copy as: the same schedule with each library's own classes.
//
// Where a library has no class that gives the same rates over the run of n updates, the result
// is null, and a short function takes its place, or d2lsched's `native` where none is short.
// tests/test_lab.py runs what is made here.

import { imported } from "./code.js";
import { plainFunction } from "./formulacode.js";
import { asKeras } from "./keras.js";
import { expression } from "./notation.js";
import { asOptax } from "./optax.js";
import { asTorch } from "./torch.js";

const asD2lsched = (config) => `${imported(config)}\nschedule = ${expression(config)}\n`;

function asPython(config, n) {
  const found = plainFunction(config, n);
  return found ? `${found.imports}${found.imports && "\n"}\n${found.code}`.trimStart() : asD2lsched(config);
}

export const COPY = { d2lsched: asD2lsched, Python: asPython, PyTorch: asTorch, Keras: asKeras,
  optax: asOptax };

/** Python that makes a schedule, with a library or without. */
export const copyAs = (library, config, n) => COPY[library](config, n);
