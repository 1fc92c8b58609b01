// The noisy quadratic, on which the expected loss is known exactly.

/** Curvatures evenly spaced on a log scale, from 1 down to 1/condition. */
export const curvatures = (condition, n = 20) =>
  Array.from({ length: n }, (_, i) => condition ** (-i / (n - 1)));

/**
 * The expected loss at the start and after each update of SGD, exactly: d2lsched.quadratic's
 * NoisyQuadratic.parts, coordinate by coordinate. (w, v) is the mean of weight and velocity,
 * (ww, wv, vv) their covariance; noise is the variance of each coordinate's gradient.
 */
export function expectedLoss(rates, { curvatures, noise, start = 1, momentum: mu = 0 }) {
  const loss = new Float64Array(rates.length + 1);
  curvatures.forEach((h, i) => {
    const xi = noise[i];
    let w = start, v = 0, ww = 0, wv = 0, vv = 0;
    loss[0] += (h * w * w) / 2;
    for (let t = 0; t < rates.length; t++) {
      const lr = rates[t], keep = 1 - lr * h, carry = lr * mu;
      [w, v] = [keep * w - carry * v, h * w + mu * v];
      const cross = keep * h * ww + (keep * mu - carry * h) * wv - carry * mu * vv - lr * xi;
      const speed = h * h * ww + 2 * h * mu * wv + mu * mu * vv + xi;
      ww = keep * keep * ww - 2 * keep * carry * wv + carry * carry * vv + lr * lr * xi;
      wv = cross;
      vv = speed;
      loss[t + 1] += (h * (w * w + ww)) / 2;
    }
  });
  return loss.map((x) => (Number.isNaN(x) ? Infinity : x)); // after an overflow, ∞ − ∞
}

export const DIVERGED = 100; // a loss that has grown so many times counts as diverged

export function losses(rates, { condition, noise, momentum }) {
  const h = curvatures(condition);
  return expectedLoss(rates, { curvatures: h, noise: h.map((x) => noise * x), momentum });
}

export const divergesAt = (loss) => loss.findIndex((x) => !(x <= DIVERGED * loss[0]));
