import type { Log } from './recorders.ts';
import { inSeconds } from './seconds.ts';

/**
 * Counts and logs the failures of exporters. Created before the first exporter, which may already
 * report.
 */
export class ExportHealth {
  /** Failed exports, by exporter. */
  readonly failures: Map<string, number>;
  /** Dropped series at the last collection, by reader. */
  readonly #dropped = new Map<object, number>();
  readonly #maxSeries: number;
  readonly #log: Log;

  constructor(exporters: readonly string[], maxSeries: number, log: Log) {
    this.failures = new Map(exporters.map((exporter) => [exporter, 0]));
    this.#maxSeries = maxSeries;
    this.#log = log;
  }

  /** Series currently dropped. Every reader drops the same ones, so the counts are not summed. */
  get droppedSeries(): number {
    return Math.max(0, ...this.#dropped.values());
  }

  /** `first`: the previous export did not fail. */
  readonly onFailure = (exporter: string, { message }: Error, first: boolean): void => {
    this.failures.set(exporter, (this.failures.get(exporter) ?? 0) + 1);
    if (first) this.#log.warn({ exporter, error: message }, 'metrics export failed');
  };

  readonly onRecovery = (
    exporter: string,
    lost: Readonly<{ exports: number; milliseconds: number }>,
  ): void => {
    const seconds = inSeconds(lost.milliseconds);
    this.#log.info({ exporter, lostExports: lost.exports, seconds }, 'metrics export recovered');
  };

  /**
   * Called at each collection of a reader with the number of series that it drops. Logs when
   * dropping begins.
   */
  readonly onDropped = (reader: object, series: number): void => {
    if (series > 0 && this.droppedSeries === 0) {
      this.#log.error({ limit: this.#maxSeries }, 'series limit reached; dropping new series');
    }
    this.#dropped.set(reader, series);
  };
}
