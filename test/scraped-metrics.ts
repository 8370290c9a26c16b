import { MeterProvider } from '@opentelemetry/sdk-metrics';
import { onTestFinished } from 'vitest';
import { PrometheusExporter } from '../exporters/prometheus.ts';
import { createMetrics, type Metrics } from '../src/metrics.ts';

/** Our instruments with the real SDK behind them, until the test has finished. */
export function scrapedMetrics({
  exposeMetadata = false,
  boundaries = [0.01, 0.25, 1],
  callers = 0,
} = {}): {
  metrics: Metrics;
  exporter: PrometheusExporter;
  /** The value of each series that a scrape shows now, by its name and labels as they are written. */
  series: () => Promise<Record<string, number>>;
} {
  const exporter = new PrometheusExporter({ exposeMetadata });
  const provider = new MeterProvider({ readers: [exporter] });
  onTestFinished(() => provider.shutdown());
  const meter = provider.getMeter('kubenurse', '1.2.3');
  const metrics = createMetrics(meter, boundaries, { count: () => callers });
  const series = async () => {
    const { body } = await exporter.scrape();
    return Object.fromEntries(
      body
        .split('\n')
        .filter((line) => line !== '' && !line.startsWith('#'))
        .map((line) => {
          const space = line.lastIndexOf(' ');
          return [line.slice(0, space), Number(line.slice(space + 1))];
        }),
    );
  };
  return { metrics, exporter, series };
}

/** The series whose name begins so, without it. */
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
