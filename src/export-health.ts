import type { Log } from './recorders.ts';

/** The trouble that exporters have: counted, and logged. It is there before the first of them is made. */
export class ExportHealth {
  /** Failed exports, by exporter. */
  readonly failures: Map<string, number>;
  /** Sets of attributes for which there was no room, at each collection. */
  droppedSeries = 0;
  readonly #maxSeries: number;
  readonly #log: Log;

  constructor(exporters: readonly string[], maxSeries: number, log: Log) {
    this.failures = new Map(exporters.map((exporter) => [exporter, 0]));
    this.#maxSeries = maxSeries;
    this.#log = log;
  }

  /** `first`: the export before had not failed. */
  readonly onFailure = (exporter: string, { message }: Error, first: boolean): void => {
    this.failures.set(exporter, (this.failures.get(exporter) ?? 0) + 1);
    if (first) this.#log.warn({ exporter, error: message }, 'export of metrics fails');
  };

  readonly onRecovery = (
    exporter: string,
    lost: Readonly<{ exports: number; milliseconds: number }>,
  ): void => {
    const seconds = Math.round(lost.milliseconds / 100) / 10;
    this.#log.info(
      { exporter, lostExports: lost.exports, seconds },
      'export of metrics has recovered',
    );
  };

  /** Called at each collection that had no room for so many sets; only the first is logged. */
  readonly onDropped = (sets: number): void => {
    if (this.droppedSeries === 0) {
      this.#log.error(
        { most: this.#maxSeries },
        'there are as many series as there may be: new ones are left out (kubenurse_refused_series_total)',
      );
    }
    this.droppedSeries += sets;
  };
}
