import type { CreateExporter, Exporter, ExporterContext, Format, Scrape } from './exporter.ts';
import { serializeOpenMetrics } from './prometheus-openmetrics.ts';
import { serializeText } from './prometheus-text.ts';
import { CumulativeReader } from './reader.ts';

/**
 * How long collecting may take, in milliseconds; Prometheus itself gives up after 10 s by default.
 */
const COLLECT_TIMEOUT_MS = 5_000;

/** How often to add up recorded values without a scrape, in milliseconds: series still go stale. */
const FOLD_INTERVAL_MS = 60_000;

const CONTENT_TYPES: Record<Format, string> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** Waits to be scraped by Prometheus. */
export const createExporter = (({ settings, streams }: ExporterContext): Exporter => {
  const reader = new ScrapedReader({ streams });
  return {
    reader,
    scrape: async (format): Promise<Scrape> => {
      const { resourceMetrics, errors } = await reader.read(COLLECT_TIMEOUT_MS);
      if (errors.length > 0) {
        throw new AggregateError(errors, `cannot collect metrics: ${String(errors[0])}`);
      }
      return {
        contentType: CONTENT_TYPES[format],
        body:
          format === 'openmetrics'
            ? serializeOpenMetrics(resourceMetrics)
            : serializeText(resourceMetrics, settings.exposeMetadata),
      };
    },
  };
}) satisfies CreateExporter;

class ScrapedReader extends CumulativeReader {
  #timer: NodeJS.Timeout | undefined;

  protected override onInitialized(): void {
    this.#timer = setInterval(() => this.read(COLLECT_TIMEOUT_MS), FOLD_INTERVAL_MS);
    this.#timer.unref();
  }

  protected override async onShutdown(): Promise<void> {
    clearInterval(this.#timer);
  }
}
