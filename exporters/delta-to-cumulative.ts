import type { Attributes, HrTime } from '@opentelemetry/api';
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type ExponentialHistogram,
  type Histogram,
  type MetricData,
  type ResourceMetrics,
  type ScopeMetrics,
} from '@opentelemetry/sdk-metrics';
import { addExponential, extremes } from './exponential.ts';

type Value = number | Histogram | ExponentialHistogram;

/** A value is replaced, not changed: an exporter may still hold the previous one. */
type Point = { readonly attributes: Attributes; startTime: HrTime; value: Value };

/** Accumulated state of one metric; the points by their attributes. */
type Total = { latest: MetricData; points: Map<string, Point> };

/** Maximum number of dropped streams to count: each costs some 300 bytes. */
const MAX_DROPPED = 10_000;

/** Which streams are kept, and how many. A stream is a metric with one set of attributes. */
export type StreamLimits = Readonly<{
  /** Whether to remove a stream; called at each collection. */
  isStale: (attributes: Attributes, metric: string) => boolean;
  /** The maximum number of streams, of all metrics together. */
  maxStreams: number;
  /**
   * Called at each collection with the number of streams dropped because the maximum is reached;
   * 10,000 stands for any greater number.
   */
  onDropped: (reader: object, streams: number) => void;
}>;

/**
 * Cumulative totals that can be removed, which the SDK does not support (opentelemetry-js#2997):
 * the SDK is read with delta temporality, and the deltas are added up here. A stream that comes
 * back starts again, with a new start time. A gauge has no total: it keeps its last value.
 */
export class DeltaToCumulative {
  readonly #limits: StreamLimits;
  readonly #isCumulative: boolean;
  readonly #totals = new Map<string, Total>();
  /** The streams that are not stale and did not fit, by metric and attributes. */
  readonly #dropped = new Map<string, { name: string; attributes: Attributes }>();
  #scope: ScopeMetrics['scope'] | undefined;
  #streams = 0;

  /** `isCumulative`: if false, sums and histograms are passed on as collected. */
  constructor(limits: StreamLimits, isCumulative = true) {
    this.#limits = limits;
    this.#isCumulative = isCumulative;
  }

  /** Adds a collection of deltas, and returns the totals of every kept stream. */
  add(collected: ResourceMetrics): ResourceMetrics {
    this.#removeStale();
    const passed: MetricData[] = [];
    for (const { metrics } of collected.scopeMetrics) {
      for (const metric of metrics) {
        const isTotal = this.#isCumulative || metric.dataPointType === DataPointType.GAUGE;
        if (isTotal) this.#addMetric(metric);
        else passed.push(this.#withoutStale(metric));
      }
    }
    this.#limits.onDropped(this, this.#dropped.size);

    // The SDK omits a scope that has no new data.
    this.#scope = collected.scopeMetrics[0]?.scope ?? this.#scope;
    if (this.#scope === undefined) return collected;
    const scope = this.#scope;
    return {
      ...collected,
      scopeMetrics: [{ scope, metrics: [...this.#currentTotals(), ...passed] }],
    };
  }

  #currentTotals(): MetricData[] {
    const endTime = now();
    return Array.from(this.#totals.values(), ({ latest, points }) => ({
      ...latest,
      aggregationTemporality: AggregationTemporality.CUMULATIVE,
      dataPoints: Array.from(points.values(), (point) => {
        // Stored, because a start time that moves with the clock would be a reset at each export.
        point.startTime = earlier(point.startTime, endTime);
        const { attributes, startTime, value } = point;
        return { attributes, startTime, endTime, value };
      }),
    })) as MetricData[];
  }

  #addMetric(metric: MetricData): void {
    const { name } = metric.descriptor;
    const total = this.#totals.get(name) ?? { latest: metric, points: new Map() };
    total.latest = { ...metric, dataPoints: [] };
    this.#totals.set(name, total);
    for (const point of metric.dataPoints as DataPoint<Value>[]) {
      if (!this.#limits.isStale(point.attributes, name)) this.#addPoint(metric, total, point);
    }
  }

  #addPoint(metric: MetricData, { points }: Total, point: DataPoint<Value>): void {
    const { name } = metric.descriptor;
    const key = JSON.stringify(point.attributes);
    const total = points.get(key);
    if (total !== undefined) {
      // Its attributes object is kept: the serializer caches its text.
      total.value = sum(metric, total.value, point.value);
    } else if (this.#streams < this.#limits.maxStreams) {
      this.#streams += 1;
      const { attributes, startTime, value } = point;
      points.set(key, { attributes, startTime, value });
      this.#dropped.delete(name + key);
    } else if (this.#dropped.size < MAX_DROPPED) {
      this.#dropped.set(name + key, { name, attributes: point.attributes });
    }
  }

  #withoutStale(metric: MetricData): MetricData {
    const points = metric.dataPoints as DataPoint<Value>[];
    const dataPoints = points
      .filter(({ attributes }) => !this.#limits.isStale(attributes, metric.descriptor.name))
      .map((point) => ({ ...point, startTime: earlier(point.startTime, point.endTime) }));
    return { ...metric, dataPoints } as MetricData;
  }

  #removeStale(): void {
    for (const [name, { points }] of this.#totals) {
      for (const [key, { attributes }] of points) {
        if (!this.#limits.isStale(attributes, name)) continue;
        points.delete(key);
        this.#streams -= 1;
      }
    }
    for (const [key, { name, attributes }] of this.#dropped) {
      if (this.#limits.isStale(attributes, name)) this.#dropped.delete(key);
    }
  }
}

function now(): HrTime {
  const milliseconds = Date.now();
  return [Math.floor(milliseconds / 1000), (milliseconds % 1000) * 1e6];
}

/** The start time of a point, or its time if the clock was set back in between. */
function earlier(start: HrTime, time: HrTime): HrTime {
  return start[0] > time[0] || (start[0] === time[0] && start[1] > time[1]) ? time : start;
}

function sum({ dataPointType }: MetricData, a: Value, b: Value): Value {
  switch (dataPointType) {
    case DataPointType.GAUGE:
      return b;
    case DataPointType.HISTOGRAM:
      return addHistogram(a as Histogram, b as Histogram);
    case DataPointType.EXPONENTIAL_HISTOGRAM:
      return addExponential(a as ExponentialHistogram, b as ExponentialHistogram);
    default:
      return (a as number) + (b as number);
  }
}

function addHistogram(a: Histogram, b: Histogram): Histogram {
  const { boundaries, counts: added } = b.buckets;
  // Not by map(): a call per bucket of hundreds of histograms is half of the cost of adding.
  const counts = a.buckets.counts.slice();
  for (let i = 0; i < added.length; i += 1) {
    const count = added[i] as number;
    // Most are 0.
    if (count !== 0) counts[i] = (counts[i] as number) + count;
  }
  return {
    buckets: { boundaries, counts },
    count: a.count + b.count,
    sum: (a.sum ?? 0) + (b.sum ?? 0),
    ...extremes(a, b),
  };
}
