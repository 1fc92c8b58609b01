// The ravine: SGD's path on two coordinates of the noisy quadratic, one steep and one flat.

import { button } from "./controls.js";
import { make, newId, setAttributes, show } from "./elements.js";
import { Generator } from "./random.js";
import { clamp } from "./valid.js";

const START = [1, 1];
const SECONDS = 8; // that the whole run takes when it is played

/**
 * The points of SGD's path from START: {steep, flat}, each update's and the start. The curvatures
 * are 1 and 1/condition; the gradients' noise is the same for every schedule.
 */
export function ravinePath(rates, { condition, noise, momentum }) {
  const curvatures = [1, 1 / condition], random = new Generator([0, 0]);
  const [steep, flat] = [0, 1].map((i) => Float64Array.of(START[i], ...rates).fill(0, 1));
  const v = [0, 0];
  for (let t = 0; t < rates.length; t++) {
    [steep, flat].forEach((w, i) => {
      const h = curvatures[i], gradient = h * w[t] + Math.sqrt(noise * h) * random.normal();
      v[i] = momentum * v[i] + gradient;
      w[t + 1] = w[t] - rates[t] * v[i];
    });
  }
  return { steep, flat, curvatures };
}

/** The loss in each direction at a point of the path. */
export const lossesAt = ({ steep, flat, curvatures: [a, b] }, t) =>
  [(a * steep[t] ** 2) / 2, (b * flat[t] ** 2) / 2];

const far = (x) => (Number.isFinite(x) ? clamp(x, [-1e4, 1e4]) : 1e4);

export class RavineView {
  constructor(lab) {
    this.lab = lab;
    this.paths = new Map();
    this.svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    this.svg.setAttribute("aria-hidden", "true");
    this.clip = newId();
    this.svg.innerHTML = `<defs><clipPath id="${this.clip}"><rect/></clipPath></defs><g></g><g></g>`;
    [this.drawing, this.points] = this.svg.querySelectorAll("g");
    this.plot = make("div", { className: "lab-plot", tabIndex: 0, role: "slider",
      "aria-label": "Ravine: the update to read", "aria-valuemin": 0, "aria-valuenow": 0,
      "data-lm-suppress-shortcuts": "true" }, this.svg);
    this.plot.addEventListener("keydown", (event) => lab.ratePlot.key(event));
    this.play = button("Play", () => this.toggle());
    this.element = make("div", { className: "lab-ravine" }, this.plot,
      make("div", { className: "lab-row lab-player", role: "group", "aria-label": "Run" },
        button("Start", () => this.seek(0), { "aria-label": "To the start" }),
        button("−1", () => this.seek(lab.at - 1), { "aria-label": "One update back" }), this.play,
        button("+1", () => this.seek(lab.at + 1), { "aria-label": "One update on" }),
        button("End", () => this.seek(Infinity), { "aria-label": "To the end" })));
  }

  seek(t) {
    this.stop();
    this.lab.readAt(t);
  }

  /** Move through the run; at once to its end for those who want no motion. */
  toggle() {
    if (this.playing) return this.stop();
    const { lab } = this, { updates } = lab.state;
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return this.seek(Infinity);
    const from = lab.at >= updates - 1 ? 0 : lab.at, start = performance.now();
    this.play.textContent = "Pause";
    const step = (now) => {
      const t = from + ((now - start) / 1000 / SECONDS) * updates;
      lab.readAt(Math.floor(t));
      if (t >= updates - 1 || this.element.hidden) this.stop();
      else this.playing = requestAnimationFrame(step);
    };
    this.playing = requestAnimationFrame(step);
    return undefined;
  }

  stop() {
    cancelAnimationFrame(this.playing);
    this.playing = 0;
    this.play.textContent = "Play";
  }

  measure() {
    this.size = [this.plot.clientWidth, this.plot.clientHeight];
  }

  x(flat) {
    return this.left + this.width * ((far(flat) + 1.6) / 3.2);
  }

  y(steep) {
    return this.top + this.height * ((1.6 - far(steep)) / 3.2);
  }

  draw(shown) {
    const [width, height] = this.size, { state } = this.lab;
    [this.left, this.top] = [26, 24];
    [this.width, this.height] = [Math.max(width - 36, 20), Math.max(height - 50, 20)];
    this.svg.setAttribute("viewBox", `0 0 ${Math.max(width, 1)} ${Math.max(height, 1)}`);
    setAttributes(this.svg.querySelector("rect"),
      { x: this.left, y: this.top, width: this.width, height: this.height });
    this.found = shown.map(({ rates, ...result }) =>
      ({ ...result, path: ravinePath(rates, state) }));
    const levels = Array.from({ length: 9 }, (_, i) => 1.28 * 4 ** -i).map((loss) =>
      `<ellipse class="lab-grid" cx="${this.x(0)}" cy="${this.y(0)}" ` +
      `rx="${(Math.min(Math.sqrt(2 * loss * state.condition), 1e4) * this.width) / 3.2}" ` +
      `ry="${(Math.sqrt(2 * loss) * this.height) / 3.2}"/>`);
    const right = this.left + this.width, bottom = this.top + this.height;
    this.drawing.innerHTML = `<text class="lab-title" x="0" y="13">Ravine: one noisy run</text>` +
      `<g clip-path="url(#${this.clip})">${levels.join("")}` +
      `<path class="lab-level" d="M${this.left} ${this.y(0)}H${right}"/>` +
      `<path class="lab-level" d="M${this.x(0)} ${this.top}V${bottom}"/></g>` +
      `<text x="${right}" y="${bottom + 15}" text-anchor="end">flat direction →</text>` +
      `<text transform="rotate(-90)" x="${-this.top}" y="14" text-anchor="end">steep →</text>` +
      `<g clip-path="url(#${this.clip})"></g>`;
    this.trails = this.drawing.lastElementChild;
  }

  columns(t) {
    const part = (i) => ({ name }) => {
      const one = this.found?.find((result) => result.name === name);
      return one ? show(lossesAt(one.path, t)[i]) : "–";
    };
    return { "loss, steep": part(0), "loss, flat": part(1) };
  }

  /** The path up to update t, and the point where it is. */
  moveTo(t) {
    if (!this.found) return;
    const every = Math.ceil((t + 1) / 2000);
    const line = ({ steep, flat }) => Array.from({ length: Math.floor(t / every) + 1 }, (_, k) => {
      const i = t - (Math.floor(t / every) - k) * every;
      return `${Math.round(10 * this.x(flat[i])) / 10} ${Math.round(10 * this.y(steep[i])) / 10}`;
    }).join("L");
    this.trails.innerHTML = this.found.map(({ path, slot }) =>
      `<path class="lab-curve lab-trail lab-slot-${slot}" d="M${line(path)}"/>`).join("") +
      this.found.map(({ path, slot }) => `<circle class="lab-mark lab-ink-${slot}" r="4.5" ` +
        `cx="${this.x(path.flat[t])}" cy="${this.y(path.steep[t])}"/>`).join("");
    const spoken = this.found.map(({ name, path }) => `${name} ${show(path.steep[t])} in the steep ` +
      `direction, ${show(path.flat[t])} in the flat one`);
    setAttributes(this.plot, { "aria-valuenow": t, "aria-valuemax": this.lab.state.updates - 1,
      "aria-valuetext": `update ${t}: ${spoken.join("; ")}` });
  }
}
