/** The value below which a share `q` of the numbers lies, by the nearest rank. `NaN` of none. */
export function quantile(numbers: readonly number[], q: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}

/** The middle of the numbers, and how far they are apart: the least and the greatest of them. */
export type Spread = Readonly<{ median: number; least: number; greatest: number }>;

/** Of what several runs have measured. `NaN` of none. */
export function spreadOf(numbers: readonly number[]): Spread {
  return {
    median: quantile(numbers, 0.5),
    least: quantile(numbers, 0),
    greatest: quantile(numbers, 1),
  };
}
