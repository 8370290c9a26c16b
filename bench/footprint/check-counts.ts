/** How many checks a program has made, and how many of them were answered with anything but 200, or not at all. */
export type CheckCounts = Readonly<{ made: number; failed: number }>;

const SERIES = /^kubenurse_httpclient_requests_total\{(.*)\} (\d+)$/gm;

/** Of what it answers at `/metrics`. */
export function checkCounts(metrics: string): CheckCounts {
  let made = 0;
  let failed = 0;
  for (const [, labels = '', count] of metrics.matchAll(SERIES)) {
    made += Number(count);
    if (!/\bcode="200"/.test(labels)) failed += Number(count);
  }
  return { made, failed };
}
