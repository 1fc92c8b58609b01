// Training away from the page, which never waits for it.
//
// The page sends {bytes, train, validation, runs} once, then true to go on, false to stop. News
// come back after each part of a run: {id, losses, epoch, seconds, images, end}.

import { BATCH, Run, unpacked } from "./network.js";

const PART = 13; // updates; a sixth of an epoch of 10,000 images
const PICTURES = 24;

let going = true, working = false, runs = [];

async function work() {
  working = true;
  while (going && runs.length) {
    for (const { id, run } of runs) {
      if (!going) break;
      const start = performance.now(), { losses, epoch } = run.advance(PART);
      const end = run.done ? { diverged: run.diverged, wrong: wrong(run) } : undefined;
      const seconds = (performance.now() - start) / 1000;
      postMessage({ id, losses, epoch, seconds, images: losses.length * BATCH, end });
      await new Promise((next) => setTimeout(next)); // a word from the page is heard
    }
    runs = runs.filter(({ run }) => !run.done);
  }
  working = false;
}

/** The first validation images that a run's network takes for another digit. */
function wrong({ taken, data: { validation: { labels, pixels } } }) {
  const found = [];
  for (let i = 0; i < labels.length && found.length < PICTURES; i++) {
    if (taken[i] !== labels[i]) found.push({ label: labels[i], taken: taken[i],
      pixels: pixels.slice(784 * i, 784 * (i + 1)) });
  }
  return found;
}

onmessage = async ({ data: message }) => {
  if (typeof message === "boolean") going = message;
  else {
    const { bytes, train, validation, runs: wanted } = message;
    const data = await unpacked(bytes, train, validation);
    runs = wanted.map(({ id, ...settings }) => ({ id, run: new Run(settings, data) }));
  }
  if (going && !working) work();
};
