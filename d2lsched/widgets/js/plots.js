// Plots: curves over the updates, or over another axis.

import { apart, decades, kept, tickText, ticks } from "./axes.js";
import { escaped, make, newId, setAttributes } from "./elements.js";
import { clamp } from "./valid.js";

/** The axis of n updates: position i stands for update i. */
export const updatesAxis = (n) => ({ low: 0, high: n, count: n, place: (i) => i, index: (x) => x });

/** One plot. Arrow keys on it, and the pointer over it, move the readout. */
export class Plot {
  constructor(title, unit,
    { stairs = false, ends = false, grid = true, onRead, reads = "update to read" }) {
    Object.assign(this, { title, unit, stairs, ends, grid, onRead, axis: updatesAxis(1), rows: 0,
      size: [300, 150] });
    this.svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    this.svg.setAttribute("aria-hidden", "true");
    this.clip = newId();
    this.svg.innerHTML = `<defs><clipPath id="${this.clip}"><rect/></clipPath></defs>` +
      `<g></g><line class="lab-cursor"/>`;
    [this.drawing, this.cursor] = this.svg.querySelectorAll("g, line");
    this.element = make("div", { className: "lab-plot", tabIndex: 0, role: "slider",
      "aria-label": `${title}: the ${reads}`, "aria-valuemin": 0, "aria-valuenow": 0,
      "data-lm-suppress-shortcuts": "true" }, this.svg);
    this.element.addEventListener("pointermove", (event) => this.point(event));
    this.element.addEventListener("pointerdown", (event) => this.point(event));
    this.element.addEventListener("keydown", (event) => this.key(event));
  }

  /** Where a pointer is, on the two axes. */
  under({ clientX, clientY }) {
    const { left, top } = this.svg.getBoundingClientRect();
    const along = (clientX - left - this.left) / this.width;
    return { x: this.axis.low + along * (this.axis.high - this.axis.low),
      up: 1 - (clientY - top - this.top) / this.height };
  }

  point(event) {
    this.read(this.axis.index(this.under(event).x));
  }

  key(event) {
    const big = Math.max(1, Math.round(this.axis.count / 20));
    const { key, shiftKey } = event;
    const step = shiftKey ? big : 1;
    const moves = { ArrowRight: step, ArrowUp: step, ArrowLeft: -step, ArrowDown: -step,
      PageUp: big, PageDown: -big, Home: -Infinity, End: Infinity };
    if (!(key in moves) || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    this.read(this.at + moves[key]);
  }

  read(i) {
    this.onRead(clamp(Math.round(i), [0, this.axis.count - 1]));
  }

  /** Learn the size of its place. Text keeps its size, so the drawing is made anew. */
  measure() {
    this.size = [this.element.clientWidth, this.element.clientHeight];
  }

  arrange() {
    const [width, height] = this.size;
    // What is said of a curve stands in rows of its own, where no curve is.
    [this.left, this.top] = [50, 24 + 15 * this.rows];
    this.width = Math.max(width - this.left - (this.ends ? 52 : 10), 20);
    this.height = Math.max(height - this.top - 36, 20);
    this.svg.setAttribute("viewBox", `0 0 ${Math.max(width, 1)} ${Math.max(height, 1)}`);
    const rect = this.svg.querySelector("rect");
    setAttributes(rect, { x: this.left, y: this.top - 2, width: this.width + 2,
      height: this.height + 4 });
  }

  /**
   * Draw curves {values, slot, label, low, high}: a text at the end, an interval around it; at
   * places of their own with place(i), with other looks as className. Notes {text, slot} stand
   * above. level: a dotted line. marks: [{x, y, slot}].
   */
  draw(curves, { axis, log = false, low, high, notes = [], level, marks = [] }) {
    Object.assign(this, { axis, rows: notes.length });
    this.arrange();
    const y = this.y = this.yAxis(low, high, log);
    const parts = [this.axes(low, high, log, y), `<g clip-path="url(#${this.clip})">`];
    for (const curve of curves) parts.push(this.band(curve, y));
    for (const { className, slot, ...curve } of curves)
      parts.push(`<path class="${className ?? `lab-curve lab-slot-${slot}`}" d="${this.path(curve, y)}"/>`);
    for (const { x, y: value, slot } of marks)
      parts.push(`<circle class="lab-mark lab-ink-${slot}" r="3.5" cx="${this.x(x)}" cy="${y(value)}"/>`);
    if (level < high) parts.push(`<path class="lab-level" d="M${this.left} ${y(level)}h${this.width}"/>`);
    parts.push("</g>", ...notes.map((note, i) => this.note(note, i)));
    if (this.ends) parts.push(...this.labels(curves, y));
    this.drawing.innerHTML = parts.join("");
    setAttributes(this.element, { "aria-valuemax": axis.count - 1 });
  }

  x(value) {
    const { low, high } = this.axis;
    return this.left + ((value - low) / (high - low)) * this.width;
  }

  yAxis(low, high, log) {
    const scale = log ? (v) => Math.log(v / low) / Math.log(high / low)
      : (v) => (v - low) / (high - low);
    this.upOf = scale;
    this.value = (up) => log ? low * (high / low) ** up : low + up * (high - low);
    // Far outside is as good as infinitely far: the clip path hides it.
    return (v) => this.top + this.height * (1 - clamp(v > 0 || !log ? scale(v) : -1, [-0.5, 1.5]));
  }

  axes(low, high, log, y) {
    const bottom = this.top + this.height, right = this.left + this.width;
    const rows = (log ? decades : ticks)(low, high, this.height / 32).map((v) =>
      (this.grid ? `<path class="lab-grid" d="M${this.left} ${y(v)}H${right}"/>` : "") +
      `<text x="${this.left - 6}" y="${y(v) + 4}" text-anchor="end">${tickText(v)}</text>`);
    const { low: from, high: to, text = tickText } = this.axis;
    const columns = ticks(from, to, this.width / 75).map((v) => `<text x="${this.x(v)}" ` +
      `y="${bottom + 16}" text-anchor="${v === from ? "start" : v === to ? "end" : "middle"}">` +
      `${text(v)}</text>`);
    return `${rows.join("")}${columns.join("")}` +
      `<path class="lab-axis" d="M${this.left} ${this.top}V${bottom}H${right}"/>` +
      `<text class="lab-title" x="0" y="13">${this.title}</text>` +
      `<text x="${right}" y="${bottom + 32}" text-anchor="end">${this.unit}</text>`;
  }

  note({ text, slot }, i) {
    const dotted = slot === undefined, y = 28 + 15 * i;
    const ink = dotted ? "" : ` lab-ink-${slot}`, x = dotted ? this.left + 24 : this.left;
    return (dotted ? `<path class="lab-level" d="M${this.left} ${y - 4}h18"/>` : "") +
      `<text class="lab-note${ink}" x="${x}" y="${y}">${escaped(text)}</text>`;
  }

  labels(curves, y) {
    const labeled = curves.filter(({ label, values }) => label && values.length);
    const ends = labeled.map(({ values }) => y(values.at(-1)) + 4);
    const heights = apart(ends, 12, [this.top + 8, this.top + this.height + 4]);
    return labeled.map(({ label, slot }, i) => `<text class="lab-ink-${slot}" ` +
      `x="${this.left + this.width + 4}" y="${heights[i]}">${escaped(label)}</text>`);
  }

  path({ values, place = this.axis.place }, y) {
    let d = "", last;
    for (const i of kept(values, Math.ceil(this.width))) {
      const x = this.exact(this.x(place(i))), height = this.exact(y(values[i]));
      if (!d) d = `M${x} ${height}`;
      else if (!this.stairs) d += `L${x} ${height}`;
      else if (height !== last) d += `H${x}V${height}`; // a level stretch is one line
      last = height;
    }
    return this.stairs ? `${d}H${this.left + this.width}` : d;
  }

  exact(pixels) {
    return Math.round(pixels * 10) / 10;
  }

  band({ low, high, slot }, y) {
    if (!low) return "";
    const point = (v, i) => `${this.exact(this.x(this.axis.place(i)))} ${this.exact(y(v))}`;
    const edge = [...Array.from(high, point), ...Array.from(low, point).reverse()];
    return `<path class="lab-band lab-ink-${slot}" d="M${edge.join("L")}Z"/>`;
  }

  moveCursor(i, text) {
    this.at = i;
    const x = this.x(this.axis.place(i));
    setAttributes(this.cursor, { x1: x, x2: x, y1: this.top, y2: this.top + this.height });
    setAttributes(this.element, { "aria-valuenow": i, "aria-valuetext": text });
  }
}

/** What is beside the rate: {plot, element, draw, columns, moveTo}. */
export class View {
  constructor(lab, plot) {
    Object.assign(this, { lab, plot, element: plot.element });
  }
}
