const METRIC = 'kubenurse_httpclient_request_duration_seconds';

/**
 * Much finer than the default: neighbouring bounds are a tenth apart, from 0.1 ms to 1 s. In
 * seconds.
 */
export const BUCKETS: readonly number[] = Array.from({ length: 98 }, (_, i) =>
  Number((1e-4 * 1.1 ** i).toPrecision(6)),
);

/**
 * Without the metric that has a label set for each event, so that `/metrics` has about as many
 * lines as by default.
 */
export const FINE_HISTOGRAM = {
  KUBENURSE_HISTOGRAM_BUCKETS: BUCKETS.join(','),
  KUBENURSE_METRICS_DISABLED: 'kubenurse_httpclient_trace_request_duration_seconds',
};

/**
 * How many responses to checks of all types took at most this long, by the bucket's bound in
 * seconds.
 */
export type Latencies = ReadonlyMap<number, number>;

/** The latencies in a scrape of text format, of the checks whose type begins with `type`. */
export function readLatencies(scrape: string, type = ''): Latencies {
  const latencies = new Map<number, number>();
  for (const [, le = '', count] of scrape.matchAll(
    new RegExp(`^${METRIC}_bucket\\{.*type="${type}.*le="([^"]+)"\\} (\\d+)$`, 'gm'),
  )) {
    const bound = le === '+Inf' ? Infinity : Number(le);
    latencies.set(bound, (latencies.get(bound) ?? 0) + Number(count));
  }
  return latencies;
}

/** The latencies between two scrapes. */
export function between(before: Latencies, after: Latencies): Latencies {
  return new Map([...after].map(([bound, count]) => [bound, count - (before.get(bound) ?? 0)]));
}

/**
 * The bound, in seconds, below which at least a share `q` of them lies; `NaN` if there are none.
 */
export function bucketQuantile(latencies: Latencies, q: number): number {
  const rows = [...latencies].toSorted(([a], [b]) => a - b);
  const all = rows.at(-1)?.[1] ?? 0;
  return all === 0 ? Number.NaN : (rows.find(([, count]) => count >= q * all)?.[0] ?? Number.NaN);
}
