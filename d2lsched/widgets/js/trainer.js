// Training runs of several schedules and seeds, in as many workers as the machine has to spare.

const WORKERS = Math.max(1, Math.min(4, (navigator.hardwareConcurrency ?? 2) - 1));

// Student's t for an interval of 95 %, by the number of seeds.
const STUDENT = { 2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776 };

/** Mean and half the width of its 95 % interval over seeds; no width for one seed. */
export function summary(values) {
  const n = values.length, mean = values.reduce((a, b) => a + b, 0) / n;
  const squares = values.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  return { mean, half: n > 1 ? STUDENT[n] * Math.sqrt(squares / (n - 1) / n) : undefined };
}

export class Training {
  /**
   * jobs: [{name, slot, rates}], trained each with seeds 0, 1, …; images: what a page has of
   * them, {bytes, train, validation}; onNews is called when there is more to show.
   */
  constructor(jobs, { seeds, optimizer, momentum }, images, onNews, onError) {
    this.jobs = jobs.map((job) => ({ ...job, runs: Array.from({ length: seeds }, (_, seed) =>
      ({ seed, losses: [], epochs: [], end: undefined })) }));
    Object.assign(this, { seconds: 0, images: 0, going: true, perEpoch: Math.floor(images.train / 128) });
    this.runs = this.jobs.flatMap((job) => job.runs.map((run) => ({ run, rates: job.rates })));
    const wanted = this.runs.map(({ run: { seed }, rates }, id) =>
      ({ id, rates, seed, optimizer, momentum }));
    const n = Math.min(WORKERS, wanted.length);
    this.workers = Array.from({ length: n }, (_, i) => {
      const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
      worker.onmessage = ({ data }) => {
        this.hear(data);
        onNews();
      };
      worker.onerror = (event) => onError(event.message || "the browser starts no worker");
      worker.postMessage({ ...images, runs: wanted.filter(({ id }) => id % n === i) });
      return worker;
    });
  }

  hear({ id, losses, epoch, seconds, images, end }) {
    const { run } = this.runs[id];
    run.losses.push(...losses);
    if (epoch) run.epochs.push(epoch);
    run.end = end;
    this.seconds += seconds / this.workers.length;
    this.images += images;
    if (this.done) this.close();
  }

  get done() {
    return this.runs.every(({ run }) => run.end);
  }

  /** How much of all updates is done, from 0 to 1. */
  get share() {
    const all = this.runs.reduce((sum, { rates }) => sum + rates.length, 0);
    const left = this.runs.reduce((sum, { run, rates }) =>
      sum + (run.end ? 0 : rates.length - run.losses.length), 0);
    return 1 - left / all;
  }

  set(going) {
    this.going = going;
    for (const worker of this.workers) worker.postMessage(going);
  }

  close() {
    for (const worker of this.workers) worker.terminate();
  }
}

/** The mean over a job's seeds, update by update, as far as all of them are. */
export function meanLoss({ runs }) {
  const n = Math.min(...runs.map(({ losses }) => losses.length));
  return Float64Array.from({ length: n }, (_, t) =>
    runs.reduce((sum, { losses }) => sum + losses[t], 0) / runs.length);
}

/** What each epoch gave, over a job's seeds: [{mean, half}]. */
export function perEpoch({ runs }, key) {
  const n = Math.min(...runs.map(({ epochs }) => epochs.length));
  return Array.from({ length: n }, (_, e) => summary(runs.map(({ epochs }) => epochs[e][key])));
}
