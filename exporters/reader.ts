import {
  AggregationTemporality,
  AggregationType,
  type CollectionResult,
  InstrumentType,
  MetricReader,
} from '@opentelemetry/sdk-metrics';
import { DeltaToCumulative, type StreamLimits } from './delta-to-cumulative.ts';

/** OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE, in the specification's words. */
export type Temporality = 'cumulative' | 'delta' | 'lowmemory';

/** OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION, in the specification's words. */
export type HistogramAggregation =
  | 'explicit_bucket_histogram'
  | 'base2_exponential_bucket_histogram';

export type ReaderOptions = Readonly<{
  streams: StreamLimits;
  temporality?: Temporality;
  histograms?: HistogramAggregation;
}>;

/** Reads the recorded metrics, as streams that can be removed. */
export class CumulativeReader extends MetricReader {
  readonly #totals: DeltaToCumulative;
  #inFlight: Promise<CollectionResult> | undefined;

  constructor({ streams, temporality = 'cumulative', histograms }: ReaderOptions) {
    super({
      // `DeltaToCumulative` adds up what must be cumulative.
      aggregationTemporalitySelector: (type) =>
        temporality === 'lowmemory' && type === InstrumentType.OBSERVABLE_COUNTER
          ? AggregationTemporality.CUMULATIVE
          : AggregationTemporality.DELTA,
      aggregationSelector: (type) =>
        type === InstrumentType.HISTOGRAM && histograms === 'base2_exponential_bucket_histogram'
          ? { type: AggregationType.EXPONENTIAL_HISTOGRAM }
          : { type: AggregationType.DEFAULT },
      // Above `DeltaToCumulative`'s own limit: beyond this one, the SDK would merge even known sets
      // into one.
      cardinalitySelector: () => 2 * streams.maxStreams,
    });
    this.#totals = new DeltaToCumulative(streams, temporality === 'cumulative');
  }

  /**
   * Collects the kept streams, with the preferred temporality; concurrent calls share a collection.
   * `errors`: those of metrics that could not be collected, or not in time.
   */
  read(timeoutMillis: number): Promise<CollectionResult> {
    // With two collections at once, the SDK gives the gauges to only one.
    this.#inFlight ??= this.#readOnce(timeoutMillis).finally(() => {
      this.#inFlight = undefined;
    });
    return this.#inFlight;
  }

  async #readOnce(timeoutMillis: number): Promise<CollectionResult> {
    const { resourceMetrics, errors } = await this.collect({ timeoutMillis });
    return { resourceMetrics: this.#totals.add(resourceMetrics), errors };
  }

  protected override async onForceFlush(): Promise<void> {}

  protected override async onShutdown(): Promise<void> {}
}
