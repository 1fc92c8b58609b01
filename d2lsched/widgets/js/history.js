// What the reader has done, to be undone and done again.

const MOST_STEPS = 200;

export class History {
  constructor(state) {
    Object.assign(this, { states: [JSON.stringify(state)], now: 0, source: undefined });
  }

  /** Keep a state; what one control does in one gesture is one step. */
  record(state, source) {
    const text = JSON.stringify(state);
    if (text === this.states[this.now]) return;
    const same = source && source === this.source && this.now > 0;
    this.states.splice(same ? this.now : this.now + 1, Infinity, text);
    this.states.splice(0, this.states.length - MOST_STEPS);
    this.now = this.states.length - 1;
    this.source = source;
  }

  /** The gesture has ended. */
  pause() {
    this.source = undefined;
  }

  /** The state before (-1) or after (1) this one; undefined if there is none. */
  go(step) {
    const found = this.states[this.now + step];
    if (!found) return undefined;
    this.now += step;
    this.pause();
    return JSON.parse(found);
  }
}
