/** kubenurse's histogram of the duration of each check, in seconds (docs/metrics.md). */
const SAMPLE =
  /^kubenurse_httpclient_request_duration_seconds_(sum|count)\{type="([^"]+)"\} (\S+)$/gm;

type Total = Readonly<{ sum: number; count: number }>;

/** The latency of each check of one node, between two readings of its `/metrics`. */
export class Latencies {
  #totals: ReadonlyMap<string, Total> = new Map();

  /**
   * Check → mean latency since the last reading, in seconds; only for checks that have run since.
   */
  update(metrics: string): ReadonlyMap<string, number> {
    const totals = readTotals(metrics);
    const means = new Map<string, number>();
    for (const [check, { sum, count }] of totals) {
      const last = this.#totals.get(check);
      // A restarted program counts from zero.
      const before = last !== undefined && last.count <= count ? last : { sum: 0, count: 0 };
      if (count > before.count) means.set(check, (sum - before.sum) / (count - before.count));
    }
    this.#totals = totals;
    return means;
  }
}

/** `0.4 ms`, `12 ms`, `1.2 s`: at most six characters up to 1,000 s. `seconds`: a latency. */
export function formatLatency(seconds: number): string {
  const milliseconds = seconds * 1000;
  if (milliseconds >= 999.5) return `${seconds.toFixed(1)} s`;
  return `${milliseconds.toFixed(milliseconds < 9.95 ? 1 : 0)} ms`;
}

function readTotals(metrics: string): Map<string, Total> {
  const totals = new Map<string, Total>();
  for (const [, part, check = '', value] of metrics.matchAll(SAMPLE)) {
    const total = totals.get(check) ?? { sum: 0, count: 0 };
    totals.set(check, { ...total, [part === 'sum' ? 'sum' : 'count']: Number(value) });
  }
  return totals;
}
