/**
 * The Mersenne Twister MT19937 with 53-bit doubles, and the polar method for normal numbers: the numbers that NumPy's
 * `RandomState(seed)` draws by `random_sample` and `standard_normal`. The runtime has the same in Rust.
 *
 * Sources: Matsumoto and Nishimura 1998, "Mersenne Twister"; Marsaglia and Bray 1964 for the polar method.
 */
const size = 624;
const middle = 397;

export class MersenneTwister {
  private readonly state = new Uint32Array(size);
  private next = size;
  private spare: number | undefined;

  /** `seed` is taken modulo 2³². */
  constructor(seed: number) {
    this.state[0] = seed >>> 0;
    for (let i = 1; i < size; i++) {
      const previous = this.state[i - 1] as number;
      this.state[i] = Math.imul(previous ^ (previous >>> 30), 1812433253) + i;
    }
  }

  /** Uniform in [0, 1), a multiple of 2⁻⁵³. */
  uniform(): number {
    const high = this.word() >>> 5;
    const low = this.word() >>> 6;
    return (high * 67108864 + low) / 9007199254740992;
  }

  /** Of mean 0 and standard deviation 1. */
  normal(): number {
    const { spare } = this;
    this.spare = undefined;
    if (spare !== undefined) return spare;
    for (;;) {
      const a = 2 * this.uniform() - 1;
      const b = 2 * this.uniform() - 1;
      const square = a * a + b * b;
      if (square >= 1 || square === 0) continue;
      const factor = Math.sqrt((-2 * Math.log(square)) / square);
      this.spare = factor * a;
      return factor * b;
    }
  }

  private word(): number {
    if (this.next === size) this.refill();
    let y = this.state[this.next++] as number;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  }

  private refill(): void {
    const { state } = this;
    for (let i = 0; i < size; i++) {
      const y = ((state[i] as number) & 0x80000000) | ((state[(i + 1) % size] as number) & 0x7fffffff);
      const twist = (y & 1) === 1 ? 0x9908b0df : 0;
      state[i] = (state[(i + middle) % size] as number) ^ (y >>> 1) ^ twist;
    }
    this.next = 0;
  }
}

let unseeded = 0;

/**
 * A generator for the attribute `seed`; without one, each call gives another sequence, the n-th of a process always the
 * same one.
 */
export const generator = (seed: number | undefined): MersenneTwister =>
  new MersenneTwister(seed === undefined || Number.isNaN(seed) ? unseeded++ : seedOf(seed));

/** A seed as the generator takes it: the integer part modulo 2³². */
export const seedOf = (seed: number): number => Math.trunc(seed) >>> 0;
