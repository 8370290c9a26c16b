/**
 * How long the values of a check are remembered, in milliseconds. After that each is recorded
 * again: its series may have been dropped because the series limit was reached.
 */
const REMEMBERED_MS = 60_000;

/**
 * The last recorded values of series that keep their value until another is recorded. Recording an
 * unchanged value would cost as much as any other (measured: 2 to 16 µs).
 */
export class RecordedValues {
  readonly #byType = new Map<string, { since: number; values: Map<string, unknown> }>();

  /**
   * Whether a value must be recorded: it differs from the last one of this series, or a minute has
   * passed since the check's values were forgotten.
   */
  isDue(type: string, series: string, value: unknown): boolean {
    const values = this.#valuesOf(type);
    if (values.has(series) && values.get(series) === value) return false;
    values.set(series, value);
    return true;
  }

  /** Forgets a check: its series end, and start again if the check returns. */
  delete(type: string): void {
    this.#byType.delete(type);
  }

  #valuesOf(type: string): Map<string, unknown> {
    const now = performance.now();
    const known = this.#byType.get(type);
    if (known !== undefined && now - known.since < REMEMBERED_MS) return known.values;
    const values = new Map<string, unknown>();
    this.#byType.set(type, { since: now, values });
    return values;
  }
}
