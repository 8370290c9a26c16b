import type { ExponentialHistogram } from '@opentelemetry/sdk-metrics';

type Buckets = ExponentialHistogram['positive'];

/** Maximum buckets on each side of zero: the default of the SDK and of the data model. */
const MAX_BUCKETS = 160;

/** The finest scale (of the SDK, and of the data model). */
const MAX_SCALE = 20;

/**
 * The sum of two exponential histograms, at the finest scale that both have and that needs at most
 * 160 buckets (the metrics data model, "Exponential Histograms": lowering the scale by one exactly
 * halves the resolution).
 */
export function addExponential(
  a: ExponentialHistogram,
  b: ExponentialHistogram,
): ExponentialHistogram {
  let scale = Math.min(...[a, b].filter(hasBuckets).map(({ scale }) => scale), MAX_SCALE);
  const sides = (side: 'positive' | 'negative') =>
    addBuckets(coarser(a[side], a.scale - scale), coarser(b[side], b.scale - scale));
  let positive = sides('positive');
  let negative = sides('negative');
  while (Math.max(positive.bucketCounts.length, negative.bucketCounts.length) > MAX_BUCKETS) {
    scale -= 1;
    positive = coarser(positive, 1);
    negative = coarser(negative, 1);
  }
  return {
    count: a.count + b.count,
    sum: (a.sum ?? 0) + (b.sum ?? 0),
    scale,
    zeroCount: a.zeroCount + b.zeroCount,
    positive,
    negative,
    ...extremes(a, b),
  };
}

/** The lesser minimum and the greater maximum of two histograms, if they have any. */
export function extremes(
  a: Readonly<{ min?: number; max?: number }>,
  b: Readonly<{ min?: number; max?: number }>,
): { min?: number; max?: number } {
  const min = Math.min(a.min ?? Infinity, b.min ?? Infinity);
  const max = Math.max(a.max ?? -Infinity, b.max ?? -Infinity);
  return { ...(min === Infinity ? {} : { min }), ...(max === -Infinity ? {} : { max }) };
}

/** The SDK reports scale 0 for a histogram of only zeros, which must not make the other coarser. */
function hasBuckets({ positive, negative }: ExponentialHistogram): boolean {
  return positive.bucketCounts.length > 0 || negative.bucketCounts.length > 0;
}

function coarser({ offset, bucketCounts }: Buckets, scales: number): Buckets {
  if (scales === 0 || bucketCounts.length === 0) return { offset, bucketCounts };
  const first = offset >> scales;
  const last = (offset + bucketCounts.length - 1) >> scales;
  const counts = new Array<number>(last - first + 1).fill(0);
  bucketCounts.forEach((count, i) => {
    const index = ((offset + i) >> scales) - first;
    counts[index] = (counts[index] ?? 0) + count;
  });
  return { offset: first, bucketCounts: counts };
}

function addBuckets(a: Buckets, b: Buckets): Buckets {
  if (a.bucketCounts.length === 0) return b;
  if (b.bucketCounts.length === 0) return a;
  const offset = Math.min(a.offset, b.offset);
  const end = Math.max(a.offset + a.bucketCounts.length, b.offset + b.bucketCounts.length);
  const bucketCounts = Array.from(
    { length: end - offset },
    (_, i) =>
      (a.bucketCounts[offset + i - a.offset] ?? 0) + (b.bucketCounts[offset + i - b.offset] ?? 0),
  );
  return { offset, bucketCounts };
}
