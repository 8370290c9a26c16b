import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { onTestFinished } from 'vitest';
import type { StreamLimits } from '../../exporters/delta-to-cumulative.ts';
import type { Format, Scrape } from '../../exporters/exporter.ts';
import { createExporter } from '../../exporters/prometheus.ts';
import { createMetrics, type Metrics, type MetricsOptions } from '../../src/metrics.ts';
import { exporterSettings } from './exporter-settings.ts';
import { PLAIN_TLS } from './plain-tls.ts';

/** Keeps every set of attributes, and has room for all. */
export const EVERYTHING: StreamLimits = {
  isStale: () => false,
  maxStreams: 10_000,
  onDropped: () => {},
};

type Options = Partial<Omit<MetricsOptions, 'meter' | 'incomingChecks'>> & {
  exposeMetadata?: boolean;
  /** Which sets are stale; none by default. */
  isStale?: StreamLimits['isStale'];
  incomingChecks?: number;
};

/** The instruments with the real SDK and the Prometheus exporter, until the test has finished. */
export function scrapedMetrics({
  exposeMetadata = false,
  incomingChecks = 0,
  isStale = EVERYTHING.isStale,
  ...options
}: Options = {}): {
  metrics: Metrics;
  /** As text by default. */
  scrape: (format?: Format) => Promise<Scrape & { body: string }>;
  /** The value of each series that a scrape shows now, by its name and labels as written. */
  series: () => Promise<Record<string, number>>;
} {
  const exporter = createExporter({
    settings: exporterSettings({ KUBENURSE_EXPOSE_METADATA: String(exposeMetadata) }),
    environment: {},
    write: () => {},
    tls: PLAIN_TLS,
    streams: { ...EVERYTHING, isStale },
    push: () => {
      throw new Error('Prometheus is not pushed to');
    },
  });
  const provider = new MeterProvider({ readers: [exporter.reader] });
  onTestFinished(() => provider.shutdown());
  const metrics = createMetrics({
    meter: provider.getMeter('kubenurse', '1.2.3'),
    boundaries: [0.01, 0.25, 1],
    disabled: [],
    version: '1.2.3',
    exportHealth: { failures: new Map([['prometheus', 0]]), droppedSeries: 0 },
    droppedLogLines: () => 0,
    ...options,
    incomingChecks: { count: () => incomingChecks },
  });
  const scrape = async (format: Format = 'text') => {
    if (exporter.scrape === undefined) throw new Error('the exporter cannot be scraped');
    const { contentType, body } = await exporter.scrape(format);
    return { contentType, body: body.toString() };
  };
  return { metrics, scrape, series: async () => seriesOf((await scrape()).body) };
}

/** The value of each series of a scrape, by its name and labels as written. */
export function seriesOf(body: string): Record<string, number> {
  return Object.fromEntries(
    body
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => {
        const space = line.lastIndexOf(' ');
        return [line.slice(0, space), Number(line.slice(space + 1).replace('Inf', 'Infinity'))];
      }),
  );
}

/** The series whose names begin with `start`, which is removed from them. */
export function startingWith(
  start: string,
  series: Readonly<Record<string, number>>,
): Record<string, number> {
  return Object.fromEntries(
    Object.entries(series)
      .filter(([name]) => name.startsWith(start))
      .map(([name, value]) => [name.slice(start.length), value]),
  );
}
