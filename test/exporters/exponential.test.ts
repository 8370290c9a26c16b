import {
  AggregationTemporality,
  AggregationType,
  type CollectionResult,
  type ExponentialHistogram,
  MetricReader,
} from '@opentelemetry/sdk-metrics';
import { describe, expect, test } from 'vitest';
import { addExponential } from '../../exporters/exponential.ts';
import { meterFor, readPoints, retiringReader } from './read-metrics.ts';

/** The SDK's own cumulative exponential histograms, which are never forgotten. */
class SdkReader extends MetricReader {
  constructor() {
    super({
      aggregationTemporalitySelector: () => AggregationTemporality.CUMULATIVE,
      aggregationSelector: () => ({ type: AggregationType.EXPONENTIAL_HISTOGRAM }),
    });
  }

  async read(): Promise<ExponentialHistogram> {
    const { resourceMetrics }: CollectionResult = await this.collect();
    return resourceMetrics.scopeMetrics[0]?.metrics[0]?.dataPoints[0]
      ?.value as ExponentialHistogram;
  }

  protected override async onForceFlush() {}

  protected override async onShutdown() {}
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Two exponential histograms of the same values: one added up from deltas by kubenurse, one
 * recorded as a whole by the SDK.
 */
function bothWays() {
  const ours = retiringReader({ histograms: 'base2_exponential_bucket_histogram' });
  const theirs = new SdkReader();
  const histogram = meterFor(ours, theirs).createHistogram('seconds');
  const read = async () => (await readPoints(ours, 'seconds'))[0]?.value as ExponentialHistogram;
  return {
    record: (value: number) => histogram.record(value),
    read,
    readTheirs: () => theirs.read(),
  };
}

/** Rounds the sum, which depends on the order of addition. */
const rounded = ({ sum = 0, ...rest }: ExponentialHistogram) => ({
  ...rest,
  sum: Number(sum.toPrecision(9)),
});

describe('exponential histograms', () => {
  test.each(Array.from({ length: 40 }, (_, seed) => seed))(
    'added up from deltas equal those of all recorded values, seed %i',
    async (seed) => {
      const random = randomFrom(seed);
      // From nearly equal values, which the finest scale can hold, to those that need scale -3 or
      // less.
      const spread = 2 ** (20 * random() - 12);
      const centre = 2 ** (40 * random() - 20);
      const { record, read, readTheirs } = bothWays();
      for (let collection = 0; collection < 6; collection += 1) {
        for (let i = Math.floor(random() * 60); i >= 0; i -= 1) {
          record(centre * 2 ** (spread * (random() - 0.5)));
          if (random() < 0.1) record(0);
        }
        await read();
      }
      expect(rounded(await read())).toEqual(rounded(await readTheirs()));
    },
  );

  test('are right at every scale that durations can have', async () => {
    const scales = new Set<number>();
    for (let exponent = -14; exponent <= 10; exponent += 1) {
      const { record, read, readTheirs } = bothWays();
      for (let i = 0; i <= 160; i += 1) {
        record(2 ** (((i - 80) / 160) * 2 ** exponent));
        if (i % 40 === 0) await read();
      }
      const added = await read();
      expect(rounded(added)).toEqual(rounded(await readTheirs()));
      scales.add(added.scale);
    }
    expect(Math.min(...scales)).toBeLessThanOrEqual(-2);
    expect(Math.max(...scales)).toBe(20);
    expect(scales.size).toBeGreaterThanOrEqual(20);
  });

  test('are not made coarser by mere zeros', async () => {
    const { record, read } = bothWays();
    record(0.5);
    record(0.75);
    const { scale, positive } = await read();
    expect(scale).toBeGreaterThan(5);
    record(0);
    expect(await read()).toMatchObject({ scale, positive, zeroCount: 1, count: 3, min: 0 });
  });

  test('have no more than 160 buckets, on either side of zero', () => {
    const side = (offset: number) => ({ offset, bucketCounts: Array<number>(100).fill(1) });
    const empty = { offset: 0, bucketCounts: [] as number[] };
    const of = (positive: typeof empty, negative: typeof empty): ExponentialHistogram => ({
      count: 100,
      sum: 100,
      scale: 5,
      zeroCount: 0,
      positive,
      negative,
    });
    const scaleOf = (offset: number) =>
      addExponential(of(side(0), empty), of(side(offset), empty)).scale;
    expect([scaleOf(60), scaleOf(61)]).toEqual([5, 4]);
    for (const [a, b] of [
      [of(side(-1_000), empty), of(side(1_000), empty)],
      [of(empty, side(-1_000)), of(empty, side(1_000))],
    ] as const) {
      const { scale, positive, negative, count, min, max } = addExponential(a, b);
      expect(scale).toBe(1);
      const counts = [...positive.bucketCounts, ...negative.bucketCounts];
      expect(counts.length).toBeLessThanOrEqual(160);
      expect(counts.reduce((sum, bucket) => sum + bucket)).toBe(200);
      expect({ count, min, max }).toEqual({ count: 200, min: undefined, max: undefined });
    }
  });

  test('of one reader do not change the buckets of another', async () => {
    const pushed = retiringReader({ histograms: 'base2_exponential_bucket_histogram' });
    const scraped = retiringReader({ histograms: 'explicit_bucket_histogram' });
    const advice = { explicitBucketBoundaries: [0.1, 1] };
    const histogram = meterFor(pushed, scraped).createHistogram('seconds', { advice });
    for (let i = 0; i < 2; i += 1) {
      histogram.record(0.5);
      const [exponential] = await readPoints(pushed, 'seconds');
      const [explicit] = await readPoints(scraped, 'seconds');
      expect(exponential?.value).toMatchObject({ positive: { bucketCounts: [i + 1] } });
      expect(explicit?.value).toMatchObject({
        buckets: { boundaries: [0.1, 1], counts: [0, i + 1, 0] },
      });
    }
  });
});
