// Training runs of several schedules and seeds, in as many workers as the machine has to spare.

// One core is left to the page.
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
   * jobs: [{name, slot, config, rates}], trained each with seeds 0, 1, …; start(runs, hear) lets
   * them run, [{id, config, rates, seed, …}], and returns what tells them to go on, to stop or to
   * end; onNews is called when there is more to show.
   */
  constructor(jobs, { seeds, ...settings }, start, onNews) {
    this.jobs = jobs.map((job) => ({ ...job, runs: Array.from({ length: seeds }, (_, seed) =>
      ({ seed, losses: [], epochs: [], end: undefined })) }));
    this.runs = this.jobs.flatMap((job) => job.runs.map((run) => ({ run, rates: job.rates, job })));
    Object.assign(this, { seconds: 0, images: 0, going: true });
    const wanted = this.runs.map(({ run: { seed }, job: { config, rates } }, id) =>
      ({ id, config, rates, seed, ...settings }));
    this.tell = start(wanted, (news) => {
      this.hear(news);
      onNews();
    });
  }

  hear({ id, losses, epoch, seconds, images, end }) {
    const { run } = this.runs[id];
    run.losses.push(...losses);
    if (epoch) run.epochs.push(epoch);
    run.end = end;
    this.seconds += seconds;
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
    this.tell(going ? "go" : "stop");
  }

  close() {
    this.tell("end");
  }
}

/** Let runs run in workers of this page, on images {bytes, train, validation}. */
export const inWorkers = (images, onError) => (runs, hear) => {
  const n = Math.min(WORKERS, runs.length), workers = Array.from({ length: n }, (_, i) => {
    const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
    worker.onmessage = ({ data: { seconds, ...news } }) => hear({ ...news, seconds: seconds / n });
    worker.onerror = ({ message }) => onError(message || "the browser starts no worker");
    worker.postMessage({ ...images, runs: runs.filter(({ id }) => id % n === i) });
    return worker;
  });
  return (word) => {
    for (const worker of workers) {
      if (word === "end") worker.terminate();
      else worker.postMessage(word === "go");
    }
  };
};

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
