import { PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MetricReader } from '@opentelemetry/sdk-metrics';

/** How long collecting may take, in milliseconds; Prometheus itself gives up after 10 s by default. */
const COLLECT_MS = 5_000;

/**
 * Attribute sets an instrument, past which the SDK would put all others into one: what 5,000 neighbours, the most
 * that Kubernetes supports, have with nine events each.
 */
const MOST_ATTRIBUTE_SETS = 50_000;

/** The answer to a scrape. */
export type Scrape = Readonly<{ contentType: string; body: string }>;

/** Metrics for Prometheus to scrape, in its text format 0.0.4. */
export class PrometheusExporter extends MetricReader {
  readonly #exposeMetadata: boolean;
  // No prefix, timestamps, resource labels, target_info or scope labels: the contract's names and labels, and only those.
  readonly #serializer = new PrometheusSerializer('', false, undefined, true, true);

  /** `exposeMetadata`: with HELP, TYPE and UNIT lines. */
  constructor({ exposeMetadata }: { exposeMetadata: boolean }) {
    super({ cardinalitySelector: () => MOST_ATTRIBUTE_SETS });
    this.#exposeMetadata = exposeMetadata;
  }

  /** Collects and serializes. Rejects when a part cannot be collected, or not in 5 s: no answer rather than half of one. */
  async scrape(): Promise<Scrape> {
    const { resourceMetrics, errors } = await this.collect({ timeoutMillis: COLLECT_MS });
    if (errors.length > 0) {
      throw new AggregateError(errors, `metrics cannot be collected: ${String(errors[0])}`);
    }
    const text = `${this.#serializer.serialize(resourceMetrics).trimEnd()}\n`;
    return {
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
      body: this.#exposeMetadata ? text : text.replaceAll(/^#.*\n/gm, ''),
    };
  }

  protected override async onForceFlush(): Promise<void> {}

  protected override async onShutdown(): Promise<void> {}
}
