// Random numbers: NumPy's own, bit by bit.
//
// numpy.random.default_rng([a, b]) is SeedSequence, which makes 256 bits of state out of the
// seeds, and PCG64 (O'Neill 2014, XSL-RR), which makes 64 bits at a time out of the state.

// A function that stirs one number of 32 bits after the other.
const stirrer = (hash, multiplier) => (value) => {
  const before = value ^ hash;
  hash = Math.imul(hash, multiplier);
  const stirred = Math.imul(before, hash);
  return (stirred ^ (stirred >>> 16)) >>> 0;
};

const merged = (x, y) => {
  const value = Math.imul(0xca01f9dd, x) - Math.imul(0x4973f715, y);
  return (value ^ (value >>> 16)) >>> 0;
};

/** SeedSequence(entropy).generate_state(n), for entropy in numbers of 32 bits. */
export function seedState(entropy, n) {
  const stir = stirrer(0x43b0d7e5, 0x931e8875), all = [0, 1, 2, 3];
  const pool = all.map((i) => stir(entropy[i] ?? 0));
  for (const from of all)
    for (const to of all) if (from !== to) pool[to] = merged(pool[to], stir(pool[from]));
  for (const value of entropy.slice(4))
    for (const to of all) pool[to] = merged(pool[to], stir(value));
  const give = stirrer(0x8b51f9dd, 0x58f38ded);
  return Array.from({ length: n }, (_, i) => give(pool[i % 4]));
}

// Seeds as words of 32 bits, the lowest first; each seed brings its own.
const wordsOf = (seeds) => seeds.flatMap((seed) => {
  const words = [seed % 2 ** 32];
  for (let left = Math.floor(seed / 2 ** 32); left > 0; left = Math.floor(left / 2 ** 32))
    words.push(left % 2 ** 32);
  return words;
});

const MULTIPLIER = 0x2360ed051fc65da44385df649fccf645n;
const last = BigInt.asUintN; // so many bits, the last ones

/** numpy.random.default_rng(seeds), for whole numbers from 0. */
export class Generator {
  constructor(seeds) {
    const s = seedState(wordsOf(seeds), 8);
    // Words come as pairs, the low half first; of state and increment the high pair comes first.
    const joined = (...words) => words.reduce((all, word) => (all << 32n) | BigInt(word), 0n);
    this.increment = last(128, (joined(s[5], s[4], s[7], s[6]) << 1n) | 1n);
    this.state = this.increment + joined(s[1], s[0], s[3], s[2]);
    this.bits();
    this.spare = undefined; // half of 64 bits, when 32 were asked for
  }

  /** 64 random bits. */
  bits() {
    const state = this.state = last(128, this.state * MULTIPLIER + this.increment);
    const mixed = (state >> 64n) ^ last(64, state), turn = state >> 122n;
    return (mixed >> turn) | last(64, mixed << (64n - turn)); // turned to the right
  }

  /** A number from 0 to below 1, with 53 random bits. */
  random() {
    return Number(this.bits() >> 11n) / 2 ** 53;
  }

  uniform(low, high) {
    return low + (high - low) * this.random();
  }

  /** 32 random bits: the low half of 64, then the high half. */
  word() {
    if (this.spare !== undefined) {
      const word = this.spare;
      this.spare = undefined;
      return word;
    }
    const found = this.bits();
    this.spare = Number(found >> 32n);
    return Number(last(32, found));
  }

  /** A whole number from 0 to highest: as many bits as it has, until they are not above it. */
  upTo(highest) {
    const mask = 2 ** (32 - Math.clz32(highest)) - 1;
    for (;;) {
      const found = (this.word() & mask) >>> 0;
      if (found <= highest) return found;
    }
  }

  /** The numbers from 0 to n − 1 in random order. */
  permutation(n) {
    const order = Int32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.upTo(i);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }

  /** A number of the standard normal distribution (Box and Muller; not NumPy's). */
  normal() {
    return Math.sqrt(-2 * Math.log(1 - this.random())) * Math.cos(2 * Math.PI * this.random());
  }
}
