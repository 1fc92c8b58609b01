// Training MNIST in the page: the section with its button, and the two views of what comes of it.

import { axisFor, lowestAndHighest } from "./axes.js";
import { button } from "./controls.js";
import { make, show } from "./elements.js";
import { Plot, View, updatesAxis } from "./plots.js";
import { table } from "./schedules.js";
import { Training, inWorkers, meanLoss, perEpoch } from "./trainer.js";
import { clamp } from "./valid.js";

export const EPOCH = 78; // updates, of 10,000 images in batches of 128

/** The chosen number of epochs: if none was chosen, those that the run shown lasts. */
export const epochsOf = ({ epochs, updates }) => epochs ?? clamp(Math.round(updates / EPOCH), [1, 30]);

const percent = ({ mean, half }) => `${(100 * mean).toFixed(2)}` +
  `${half === undefined ? "" : ` ± ${(100 * half).toFixed(2)}`} %`;

export class TrainingSection {
  constructor(lab) {
    this.lab = lab;
    const { optimizer, trainMomentum, epochs, seeds } = lab.settings;
    const hint = "Each schedule shown trains the network 784-128-10 on 10,000 images of MNIST, in " +
      "batches of 128, and is tried on 5,000 others. First weights and order of the images are " +
      "those of d2lsched.numpy, and so are the losses. Adam takes the momentum as its β₁, and " +
      "wants rates near 0.001.";
    const { frameworks = [] } = lab.world.kernel ?? {};
    this.where = make("select", { "aria-label": "Where to train", hidden: !frameworks.length },
      ...["in this page", ...frameworks].map((name) => make("option", {}, name)));
    this.train = button("Train", () => this.start());
    this.toggle = button("Stop", () => this.pause(), { hidden: true });
    this.progress = make("progress", { max: 1, value: 0, hidden: true, "aria-label": "Training" });
    this.status = make("span", { className: "lab-hint" });
    this.which = make("select", { "aria-label": "Whose mistakes are shown" });
    this.which.addEventListener("change", () => this.showWrong());
    this.pictures = make("div", { className: "lab-pictures" });
    this.mistakes = make("div", { hidden: true },
      make("p", { className: "lab-row" }, "Taken for another digit, with seed 0:", this.which),
      this.pictures);
    this.element = lab.section("Train on MNIST", make("p", { className: "lab-hint" }, hint),
      make("div", { className: "lab-row" }, optimizer.element),
      make("div", { className: "lab-fields" }, epochs.element, seeds.element,
        trainMomentum.element),
      make("div", { className: "lab-row lab-train" }, this.train, this.where, this.toggle, this.progress,
        this.status), this.mistakes);
  }

  /** Start from elsewhere on the page: go where it can be seen. */
  offer() {
    this.element.open = true;
    this.lab.root.scrollIntoView();
    return this.start();
  }

  async start() {
    const { lab } = this, { optimizer, seeds, trainMomentum: momentum, schedules } = lab.state;
    const shown = schedules.filter(({ hidden }) => !hidden);
    if (!shown.length) return lab.say("No schedule is shown: there is nothing to train.", true);
    lab.training?.close();
    lab.training = undefined;
    this.mistakes.hidden = true;
    this.pictures.replaceChildren();
    const failed = (text) => lab.say(`Training has failed: ${text}.`, true);
    let start = lab.world.kernel?.in(this.where.value, failed);
    if (!start) {
      this.status.textContent = "Loading the images …";
      try {
        start = inWorkers(await lab.world.images(), failed);
      } catch (error) {
        this.status.textContent = "";
        return lab.say(`The images cannot be loaded: ${error.message}.`, true);
      }
    }
    const updates = epochsOf(lab.state) * EPOCH;
    const jobs = shown.map(({ name, slot, config }) =>
      ({ name, slot, config: structuredClone(config), rates: table(config, updates) }));
    lab.training = new Training(jobs, { seeds, optimizer, momentum }, start, () => this.news());
    Object.assign(this.progress, { hidden: false, value: 0 });
    this.pauseText();
    if (!/training|accuracy/.test(lab.state.view)) {
      lab.state.view = "training";
      lab.edited();
    }
    return lab.redraw();
  }

  pause() {
    const { training } = this.lab;
    training.set(!training.going);
    this.pauseText();
  }

  pauseText() {
    const { training } = this.lab;
    this.toggle.hidden = training.done;
    this.toggle.textContent = training.going ? "Stop" : "Go on";
    const seeds = training.jobs[0].runs.length, speed = training.images / training.seconds;
    const text = `${training.jobs.length} × ${seeds} ${seeds > 1 ? "runs" : "run"}: ` +
      `${Math.floor(100 * training.share)} % trained`;
    this.status.textContent = training.images
      ? `${text}, ${Math.round(speed / 100) * 100} images a second` : text;
    this.progress.value = training.share;
  }

  news() {
    const { lab } = this, { training } = lab;
    this.pauseText();
    lab.redraw();
    if (!training.done) return;
    this.toggle.hidden = true;
    if (this.toggle === this.element.getRootNode().activeElement) this.train.focus();
    this.which.replaceChildren(...training.jobs.map(({ name }) => make("option", {}, name)));
    this.showWrong();
    lab.say(`Trained. Validation accuracy: ${training.jobs.map((job) =>
      `${job.name} ${lastAccuracy(job)}`).join("; ")}.`);
  }

  showWrong() {
    const { wrong } = this.lab.training.jobs[this.which.selectedIndex].runs[0].end;
    this.pictures.replaceChildren(...wrong.map(({ label, taken, pixels }) => {
      const canvas = make("canvas", { width: 28, height: 28, role: "img",
        "aria-label": `a ${label} taken for a ${taken}` });
      const image = new ImageData(28, 28);
      pixels.forEach((ink, i) => image.data.set([255 - ink, 255 - ink, 255 - ink, 255], 4 * i));
      canvas.getContext("2d").putImageData(image, 0, 0);
      return make("figure", {}, canvas,
        make("figcaption", { "aria-hidden": "true" }, `${label} → ${taken}`));
    }));
    this.mistakes.hidden = !wrong.length;
  }
}

function lastAccuracy(job) {
  if (job.runs.some(({ end }) => end?.diverged)) return "diverged";
  const last = perEpoch(job, "accuracy").at(-1);
  return last ? percent(last) : "–";
}

// A batch's loss jumps about: shown is the mean of the last 13, a sixth of an epoch.
function smoothed(losses, width = 13) {
  let sum = 0;
  return losses.map((x, t) => {
    sum += x - (t >= width ? losses[t - width] : 0);
    return sum / Math.min(t + 1, width);
  });
}

class JobsView extends View {
  get jobs() {
    return this.lab.training?.jobs ?? [];
  }

  get updates() {
    return this.jobs[0]?.rates.length ?? epochsOf(this.lab.state) * EPOCH;
  }

  get notes() {
    return this.jobs.length ? [] : [{ text: "Press Train, below.", slot: "none" }];
  }

  /** Columns that read jobs, for the schedules that are in training under their name. */
  read(cells) {
    return Object.fromEntries(Object.entries(cells).map(([head, cell]) => [head, ({ name }) => {
      const job = this.jobs.find((one) => one.name === name);
      return job ? cell(job) : "–";
    }]));
  }
}

/** The view of the training loss, the mean over the seeds. */
export class TrainingLossView extends JobsView {
  constructor(lab) {
    super(lab, new Plot("Training loss", "update t", { ends: true, onRead: (t) => lab.readAt(t) }));
  }

  draw() {
    this.curves = this.jobs.map((job) => {
      const values = smoothed(meanLoss(job));
      return { name: job.name, values, slot: job.slot, label: values.length ? show(values.at(-1)) : "" };
    });
    const extremes = this.curves.flatMap(({ values }) => lowestAndHighest(values));
    this.plot.draw(this.curves, { axis: updatesAxis(this.updates), log: this.lab.state.logLoss,
      notes: this.notes, ...axisFor(extremes, this.lab.state.logLoss, 10) });
  }

  columns(t) {
    const at = (job) => this.curves?.find(({ name }) => name === job.name)?.values[t];
    return this.read({
      "training loss": (job) => at(job) === undefined ? "–" : show(at(job)),
      "validation accuracy": lastAccuracy,
    });
  }

  moveTo(t) {
    const at = Math.min(t, this.updates - 1);
    const spoken = (this.curves ?? []).map(({ name, values }) => `${name} ${show(values[at] ?? NaN)}`);
    this.plot.moveCursor(at, `update ${at}: ${spoken.join(", ")}`);
  }
}

/** The view of the validation accuracy after each epoch, with intervals over the seeds. */
export class AccuracyView extends JobsView {
  constructor(lab) {
    super(lab, new Plot("Validation accuracy in %", "update t", { ends: true,
      reads: "epoch to read", onRead: (epoch) => lab.readAt((epoch + 1) * EPOCH - 1) }));
  }

  draw() {
    const { updates } = this;
    const axis = { low: 0, high: updates, count: updates / EPOCH,
      place: (epoch) => (epoch + 1) * EPOCH, index: (x) => x / EPOCH - 1 };
    const curves = this.jobs.map((job) => {
      const found = perEpoch(job, "accuracy"), values = found.map(({ mean }) => 100 * mean);
      const edge = (sign) => found.map(({ mean, half }) => 100 * (mean + sign * half));
      const band = found[0]?.half === undefined ? {} : { low: edge(-1), high: edge(1) };
      return { values, slot: job.slot, label: values.length ? values.at(-1).toFixed(1) : "", ...band };
    });
    const all = curves.flatMap(({ values }) => values);
    const low = all.length ? Math.max(0, Math.floor(Math.min(...all)) - 1) : 0;
    const high = all.length ? Math.min(100, Math.ceil(Math.max(...all)) + 1) : 100;
    this.plot.draw(curves, { axis, low, high, notes: this.notes });
  }

  columns(t) {
    const epoch = this.epochAt(t), at = (job) => perEpoch(job, "accuracy")[epoch];
    return this.read({
      [`accuracy after epoch ${epoch + 1}`]: (job) => at(job) ? percent(at(job)) : "–",
      "at the end": lastAccuracy,
    });
  }

  epochAt(t) {
    return clamp(Math.round((t + 1) / EPOCH) - 1, [0, this.updates / EPOCH - 1]);
  }

  moveTo(t) {
    const epoch = this.epochAt(t);
    const spoken = this.jobs.map((job) => {
      const found = perEpoch(job, "accuracy")[epoch];
      return `${job.name} ${found ? percent(found) : "not yet trained"}`;
    });
    this.plot.moveCursor(epoch, `epoch ${epoch + 1}: ${spoken.join(", ")}`);
  }
}
