// The book's network, 784-128-10 with ReLU, trained as d2lsched.numpy trains it.
//
// First weights and the order of the images are NumPy's, weights and moments are rounded to
// float32 like NumPy's, so that the losses are the same but for rounding within an update.
// Four pixels in five are 0. Only the others are stored, and only they are multiplied.

import { Generator } from "./random.js";

const [INPUTS, HIDDEN, CLASSES] = [784, 128, 10];
export const BATCH = 128;

/** The float32 weights at update 0, as run.first_weights: two matrices, each with its biases. */
export function firstWeights(seed) {
  const generator = new Generator([seed, 0]);
  return [[INPUTS, HIDDEN], [HIDDEN, CLASSES]].flatMap(([rows, columns]) => {
    const limit = Math.sqrt(6 / (rows + columns)), weights = new Float32Array(rows * columns);
    for (let i = 0; i < weights.length; i++) weights[i] = generator.uniform(-limit, limit);
    return [weights, new Float32Array(columns)];
  });
}

/** The images of an epoch in their order, as run.batch_order: the last partial batch dropped. */
export const batchOrder = (seed, epoch, images) =>
  new Generator([seed, 1 + epoch]).permutation(images).subarray(0, images - (images % BATCH));

/**
 * Images of 784 bytes by their ink: pixels[k] has values[k], for k from starts[i] to starts[i + 1]
 * in image i. Each is filled up with zeros to a multiple of four, for the loops below.
 */
export function inked(bytes) {
  const n = bytes.length / INPUTS, starts = new Uint32Array(n + 1);
  for (let i = 0; i < n; i++) {
    let ink = 0;
    for (let p = i * INPUTS; p < (i + 1) * INPUTS; p++) ink += bytes[p] > 0;
    starts[i + 1] = starts[i] + 4 * Math.ceil(ink / 4);
  }
  const pixels = new Uint16Array(starts[n]), values = new Float32Array(starts[n]);
  for (let i = 0; i < n; i++) {
    let k = starts[i];
    for (let p = 0; p < INPUTS; p++) {
      const byte = bytes[i * INPUTS + p];
      if (byte) pixels[k] = p, values[k++] = byte / 255;
    }
  }
  return { starts, pixels, values };
}

// One step from the gradient g of n weights that begin at `from`; d2lsched.optimizers has both.
const RULES = {
  sgd(w, [v], from, g, n, { lr, momentum }) {
    for (let k = 0; k < n; k++) {
      const i = from + k;
      v[i] = momentum * v[i] + g[k];
      w[i] -= lr * v[i];
    }
  },
  adam(w, [m, s], from, g, n, { lr, momentum, first, second }) {
    for (let k = 0; k < n; k++) {
      const i = from + k;
      m[i] = momentum * m[i] + (1 - momentum) * g[k];
      s[i] = 0.999 * s[i] + 0.001 * g[k] * g[k];
      w[i] -= (lr * (m[i] / first)) / (Math.sqrt(s[i] / second) + 1e-8);
    }
  },
};

/** The loss of one image; its logits become the loss's gradient with respect to them. */
function crossEntropy(logits, label) {
  let highest = -Infinity, sum = 0;
  for (const z of logits) if (!(z <= highest)) highest = z;
  const loss = highest - logits[label];
  for (let c = 0; c < CLASSES; c++) sum += logits[c] = Math.exp(logits[c] - highest);
  for (let c = 0; c < CLASSES; c++) logits[c] /= sum;
  logits[label] -= 1;
  return loss + Math.log(sum);
}

const likeliest = (logits) => {
  let best = 0;
  for (let c = 1; c < CLASSES; c++) if (logits[c] > logits[best]) best = c;
  return best;
};

export class Network {
  constructor(seed, optimizer) {
    this.weights = firstWeights(seed);
    const blank = () => this.weights.map((w) => new Float32Array(w.length));
    this.moments = optimizer === "adam" ? [blank(), blank()] : [blank()];
    this.rule = RULES[optimizer];
    this.updates = 0;
    this.hidden = new Float64Array(BATCH * HIDDEN); // of each image of a batch
    this.slopes = new Float64Array(BATCH * HIDDEN);
    this.logits = new Float64Array(CLASSES);
  }

  /** Find hidden layer and logits of image i; the first goes to place k of the batch. */
  forward({ starts, pixels, values }, i, k = 0) {
    const [w1, b1, w2, b2] = this.weights, { logits } = this;
    const hidden = this.hidden.subarray(k * HIDDEN, (k + 1) * HIDDEN);
    hidden.set(b1);
    for (let s = starts[i]; s < starts[i + 1]; s += 4) {
      const x0 = values[s], x1 = values[s + 1], x2 = values[s + 2], x3 = values[s + 3];
      const r0 = pixels[s] * HIDDEN, r1 = pixels[s + 1] * HIDDEN;
      const r2 = pixels[s + 2] * HIDDEN, r3 = pixels[s + 3] * HIDDEN;
      for (let j = 0; j < HIDDEN; j++)
        hidden[j] += x0 * w1[r0 + j] + x1 * w1[r1 + j] + x2 * w1[r2 + j] + x3 * w1[r3 + j];
    }
    logits.set(b2);
    for (let j = 0; j < HIDDEN; j++) {
      if (hidden[j] <= 0) hidden[j] = 0; // and NaN stays
      else for (let c = 0; c < CLASSES; c++) logits[c] += hidden[j] * w2[j * CLASSES + c];
    }
    return hidden;
  }

  /** One update on the images of a batch: their mean loss before it, and how many were right. */
  update(images, labels, batch, lr, momentum) {
    const { weights: [, , w2], logits, slopes } = this, n = batch.length;
    const [g1, g2, g3] = [HIDDEN, HIDDEN * CLASSES, CLASSES].map((size) => new Float64Array(size));
    let loss = 0, right = 0;
    for (let k = 0; k < n; k++) {
      const hidden = this.forward(images, batch[k], k), label = labels[batch[k]];
      right += likeliest(logits) === label;
      loss += crossEntropy(logits, label) / n;
      for (let c = 0; c < CLASSES; c++) g3[c] += logits[c] /= n;
      for (let j = 0; j < HIDDEN; j++) {
        let slope = 0;
        if (hidden[j] !== 0) {
          for (let c = 0; c < CLASSES; c++) {
            slope += logits[c] * w2[j * CLASSES + c];
            g2[j * CLASSES + c] += hidden[j] * logits[c];
          }
        }
        g1[j] += slopes[k * HIDDEN + j] = slope;
      }
    }
    const t = ++this.updates;
    const settings = { lr, momentum, first: 1 - momentum ** t, second: 1 - 0.999 ** t };
    this.stepPixels(images, batch, settings);
    [g1, g2, g3].forEach((g, layer) => this.step(layer + 1, 0, g, settings));
    return { loss, right };
  }

  step(layer, from, g, settings) {
    const moments = this.moments.map((moment) => moment[layer]);
    this.rule(this.weights[layer], moments, from, g, g.length, settings);
  }

  /** Step the first matrix row by row: a pixel's weights, from the images that have ink there. */
  stepPixels({ starts, pixels, values }, batch, settings) {
    const count = new Uint32Array(INPUTS), begins = new Uint32Array(INPUTS + 1);
    for (const i of batch) for (let s = starts[i]; s < starts[i + 1]; s++) count[pixels[s]]++;
    for (let p = 0; p < INPUTS; p++) begins[p + 1] = begins[p] + 4 * Math.ceil(count[p] / 4);
    const places = new Uint32Array(begins[INPUTS]), inks = new Float32Array(begins[INPUTS]);
    const next = begins.slice();
    for (let k = 0; k < batch.length; k++) {
      for (let s = starts[batch[k]]; s < starts[batch[k] + 1]; s++) {
        const at = next[pixels[s]]++;
        places[at] = k * HIDDEN;
        inks[at] = values[s];
      }
    }
    const { slopes } = this, g = new Float64Array(HIDDEN);
    for (let p = 0; p < INPUTS; p++) {
      g.fill(0);
      for (let s = begins[p]; s < begins[p + 1]; s += 4) {
        const x0 = inks[s], x1 = inks[s + 1], x2 = inks[s + 2], x3 = inks[s + 3];
        const r0 = places[s], r1 = places[s + 1], r2 = places[s + 2], r3 = places[s + 3];
        for (let j = 0; j < HIDDEN; j++)
          g[j] += x0 * slopes[r0 + j] + x1 * slopes[r1 + j] +
            x2 * slopes[r2 + j] + x3 * slopes[r3 + j];
      }
      this.step(0, p * HIDDEN, g, settings);
    }
  }

  /** Mean loss over images, and the class that each is taken for. */
  evaluate(images, labels) {
    const taken = new Uint8Array(labels.length);
    let loss = 0;
    for (let i = 0; i < labels.length; i++) {
      this.forward(images, i);
      taken[i] = likeliest(this.logits);
      loss += crossEntropy(this.logits, labels[i]) / labels.length;
    }
    return { loss, taken };
  }
}

/** One training run, some updates at a time; data as `unpacked` gives it. */
export class Run {
  constructor({ rates, momentum, optimizer, seed }, data) {
    Object.assign(this, { rates, momentum, seed, data, epoch: 0, right: 0, diverged: false });
    this.network = new Network(seed, optimizer);
    this.perEpoch = Math.floor(data.train.labels.length / BATCH);
  }

  get done() {
    return this.diverged || this.network.updates >= this.rates.length;
  }

  /** At most n updates, none beyond an epoch: {losses, epoch}, the second at an epoch's end. */
  advance(n) {
    const { network, data: { train }, perEpoch } = this, first = network.updates % perEpoch;
    if (!first) {
      this.order = batchOrder(this.seed, this.epoch, train.labels.length);
      this.right = 0;
    }
    const losses = [];
    for (let i = first; i < Math.min(first + n, perEpoch) && !this.done; i++) {
      const batch = this.order.subarray(i * BATCH, (i + 1) * BATCH);
      const lr = this.rates[network.updates];
      const { loss, right } = network.update(train.images, train.labels, batch, lr, this.momentum);
      losses.push(loss);
      this.right += right;
    }
    const ended = network.updates % perEpoch === 0;
    return { losses, epoch: ended ? this.ended(losses.at(-1)) : undefined };
  }

  ended(loss) {
    const { images, labels } = this.data.validation, { loss: validationLoss, taken } =
      this.network.evaluate(images, labels);
    const right = taken.reduce((sum, digit, i) => sum + (digit === labels[i]), 0);
    this.epoch++;
    this.diverged = !Number.isFinite(loss);
    this.taken = taken;
    return { validationLoss, accuracy: right / labels.length,
      trainAccuracy: this.right / (this.perEpoch * BATCH) };
  }
}

/** The images from their file: gzipped labels, then pixels, of training and of validation. */
export async function unpacked(bytes, train, validation) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const all = new Uint8Array(await new Response(stream).arrayBuffer());
  let at = 0;
  const take = (n) => all.subarray(at, (at += n));
  const sizes = [train, validation], labels = sizes.map(take);
  const pixels = sizes.map((n) => take(n * INPUTS));
  const split = (i) => ({ labels: labels[i], pixels: pixels[i], images: inked(pixels[i]) });
  return { train: split(0), validation: split(1) };
}
