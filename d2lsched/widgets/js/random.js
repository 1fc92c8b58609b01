// Random numbers: NumPy's own, bit by bit.
//
// numpy.random.default_rng([a, b]) is SeedSequence, which makes 256 bits of state out of the
// seeds, and PCG64 (O'Neill 2014, XSL-RR), which makes 64 bits at a time out of the state.
// JavaScript multiplies exactly only below 2**53, so 128 bits are eight limbs of 16.

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

const limbs = (...words) => words.flatMap((word) => [word & 0xffff, word >>> 16]); // lowest first
const MULTIPLIER = limbs(0x9fccf645, 0x4385df64, 0x1fc65da4, 0x2360ed05);

/** numpy.random.default_rng(seeds), for whole numbers from 0. */
export class Generator {
  constructor(seeds) {
    const s = seedState(wordsOf(seeds), 8);
    // Words come as pairs, the low half first; of state and increment the high pair comes first.
    const state = limbs(s[2], s[3], s[0], s[1]), sequence = limbs(s[6], s[7], s[4], s[5]);
    this.increment = sequence.map((x, i) => ((x << 1) | (i ? sequence[i - 1] >>> 15 : 1)) & 0xffff);
    this.state = [0, 0, 0, 0, 0, 0, 0, 0];
    this.step();
    let carry = 0;
    this.state = this.state.map((x, i) => {
      carry += x + state[i];
      const limb = carry & 0xffff;
      carry >>>= 16;
      return limb;
    });
    this.step();
    this.spare = undefined; // half of 64 bits, when 32 were asked for
  }

  /** The state times the multiplier plus the increment, modulo 2**128. */
  step() {
    const { state, increment } = this, next = [0, 0, 0, 0, 0, 0, 0, 0];
    let carry = 0;
    for (let k = 0; k < 8; k++) {
      let sum = carry + increment[k];
      for (let i = 0; i <= k; i++) sum += state[i] * MULTIPLIER[k - i];
      next[k] = sum % 65536;
      carry = (sum - next[k]) / 65536;
    }
    this.state = next;
  }

  /** 64 random bits, as [high, low] of 32. */
  bits() {
    this.step();
    const s = this.state;
    const high = ((s[7] ^ s[3]) << 16) | (s[6] ^ s[2]), low = ((s[5] ^ s[1]) << 16) | (s[4] ^ s[0]);
    const turn = s[7] >>> 10, by = turn & 31;
    const [a, b] = turn & 32 ? [low, high] : [high, low]; // turned to the right by 32
    if (!by) return [a >>> 0, b >>> 0];
    return [((a >>> by) | (b << (32 - by))) >>> 0, ((b >>> by) | (a << (32 - by))) >>> 0];
  }

  /** A number from 0 to below 1, with 53 random bits. */
  random() {
    const [high, low] = this.bits();
    return ((high >>> 0) * 2 ** 21 + (low >>> 11)) / 2 ** 53;
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
    const [high, low] = this.bits();
    this.spare = high;
    return low;
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
