/**
 * The value below which a share `q` of the numbers lies, by the nearest rank. `NaN` if there are
 * none.
 */
export function quantile(numbers: readonly number[], q: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}

/** The median of the numbers, and their minimum and maximum. */
export type Spread = Readonly<{ median: number; least: number; greatest: number }>;

/** The spread of what several runs measured. `NaN` if there are none. */
export function spreadOf(numbers: readonly number[]): Spread {
  return {
    median: quantile(numbers, 0.5),
    least: quantile(numbers, 0),
    greatest: quantile(numbers, 1),
  };
}
