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

/** What there is of one metric so far; the points by their attributes. */
type Total = { latest: MetricData; points: Map<string, DataPoint<Value>> };

/** Which series are held, and how many. */
export type StreamLimits = Readonly<{
  /** Whether a set of attributes is still wanted, asked at each collection; one that is not is forgotten. */
  isStale: (attributes: Attributes, metric: string) => boolean;
  /** The most sets of attributes, of all metrics together. */
  maxStreams: number;
  /** Called at a collection that had no room for new sets, with their number. */
  onDropped: (sets: number) => void;
}>;

/**
 * Cumulative totals that can be forgotten, which the SDK's own cannot be (opentelemetry-js#2997): the SDK is read with
 * delta temporality, and what it gives is added up here. A set of attributes that comes back begins anew, with a new
 * start time. A gauge has no total: its last value stays as long as it is wanted.
 */
export class DeltaToCumulative {
  readonly #streams: StreamLimits;
  readonly #isCumulative: boolean;
  readonly #totals = new Map<string, Total>();
  #scope: ScopeMetrics['scope'] | undefined;
  #sets = 0;

  /** `isCumulative`: false where sums and histograms are wanted as they were collected. */
  constructor(streams: StreamLimits, isCumulative = true) {
    this.#streams = streams;
    this.#isCumulative = isCumulative;
  }

  /** Adds a collection of deltas, and returns the totals of every set that is kept. */
  add(collected: ResourceMetrics): ResourceMetrics {
    this.#forget();
    let refused = 0;
    const passed: MetricData[] = [];
    for (const { metrics } of collected.scopeMetrics) {
      for (const metric of metrics) {
        const isTotal = this.#isCumulative || metric.dataPointType === DataPointType.GAUGE;
        if (isTotal) refused += this.#addMetric(metric);
        else passed.push(this.#kept(metric));
      }
    }
    if (refused > 0) this.#streams.onDropped(refused);

    // The SDK leaves a scope out that has nothing new.
    this.#scope = collected.scopeMetrics[0]?.scope ?? this.#scope;
    if (this.#scope === undefined) return collected;
    const endTime = now();
    const totals = Array.from(this.#totals.values(), ({ latest, points }) => ({
      ...latest,
      aggregationTemporality: AggregationTemporality.CUMULATIVE,
      dataPoints: Array.from(points, ([key, point]) => {
        const startTime = earlier(point.startTime, endTime);
        // It stays so: a start that moved with the time would be a reset at each export.
        if (startTime !== point.startTime) points.set(key, { ...point, startTime });
        return { ...point, startTime, endTime };
      }),
    })) as MetricData[];
    const scope = this.#scope;
    return { ...collected, scopeMetrics: [{ scope, metrics: [...totals, ...passed] }] };
  }

  #addMetric(metric: MetricData): number {
    const { name } = metric.descriptor;
    const total = this.#totals.get(name) ?? { latest: metric, points: new Map() };
    total.latest = { ...metric, dataPoints: [] };
    this.#totals.set(name, total);
    let refused = 0;
    for (const point of metric.dataPoints as DataPoint<Value>[]) {
      if (this.#streams.isStale(point.attributes, name)) continue;
      const key = JSON.stringify(point.attributes);
      const before = total.points.get(key);
      if (before !== undefined) {
        // The first object stays, so that what was made of its attributes (their text) can be kept by it.
        const { startTime, attributes } = before;
        const value = sum(metric, before.value, point.value);
        total.points.set(key, { ...point, startTime, attributes, value });
      } else if (this.#sets < this.#streams.maxStreams) {
        this.#sets += 1;
        total.points.set(key, point);
      } else {
        refused += 1;
      }
    }
    return refused;
  }

  #kept(metric: MetricData): MetricData {
    const points = metric.dataPoints as DataPoint<Value>[];
    const dataPoints = points.filter(
      ({ attributes }) => !this.#streams.isStale(attributes, metric.descriptor.name),
    );
    const inOrder = dataPoints.map((point) => ({
      ...point,
      startTime: earlier(point.startTime, point.endTime),
    }));
    return { ...metric, dataPoints: inOrder } as MetricData;
  }

  #forget(): void {
    for (const [name, { points }] of this.#totals) {
      for (const [key, { attributes }] of points) {
        if (!this.#streams.isStale(attributes, name)) continue;
        points.delete(key);
        this.#sets -= 1;
      }
    }
  }
}

function now(): HrTime {
  const milliseconds = Date.now();
  return [Math.floor(milliseconds / 1000), (milliseconds % 1000) * 1e6];
}

/** The start of a point by its time: the clock may have been set back in between. */
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
  return {
    buckets: {
      boundaries: a.buckets.boundaries,
      counts: a.buckets.counts.map((count, i) => count + (b.buckets.counts[i] ?? 0)),
    },
    count: a.count + b.count,
    sum: (a.sum ?? 0) + (b.sum ?? 0),
    ...extremes(a, b),
  };
}
