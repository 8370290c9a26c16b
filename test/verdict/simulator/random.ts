/** A seeded source of random numbers (mulberry32): the same seed, the same numbers. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** From 0 to 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  /** Another source, derived from this state: what it draws does not affect what this one draws. */
  fork(): Random {
    return new Random(~this.#state);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /**
   * The indices of the trials that happen, each with this probability. Draws no more numbers than
   * necessary.
   */
  hits(trials: number, probability: number): number[] {
    const all: number[] = [];
    const scale = Math.log1p(-Math.min(probability, 0.999_999));
    const skip = () => Math.floor(Math.log1p(-this.next()) / scale);
    for (let index = skip(); index < trials; index += 1 + skip()) all.push(index);
    return all;
  }

  between(from: number, to: number): number {
    return from + this.next() * (to - from);
  }

  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  pick<T>(all: readonly T[]): T {
    const one = all[this.below(all.length)];
    if (one === undefined) throw new Error('nothing to pick from');
    return one;
  }

  shuffle<T>(all: readonly T[]): T[] {
    return all
      .map((each): [number, T] => [this.next(), each])
      .sort(([a], [b]) => a - b)
      .map(([, each]) => each);
  }
}
