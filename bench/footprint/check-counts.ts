/**
 * How many checks a program has made, how many of them had a result other than 200 or "ok", or
 * none, and how long the checks of neighbours took, in seconds.
 */
export type CheckCounts = Readonly<{
  made: number;
  failed: number;
  paths: Readonly<{ count: number; sum: number }>;
  /** The number of lines with values. */
  series: number;
}>;

const SERIES = /^kubenurse_httpclient_requests_total\{(.*)\} (\d+)$/gm;
const PATHS =
  /^kubenurse_httpclient_request_duration_seconds_(count|sum)\{.*type="path_[^"]*".*\} (\S+)$/gm;

/** Reads them from a response to `/metrics`. */
export function checkCounts(metrics: string): CheckCounts {
  let made = 0;
  let failed = 0;
  for (const [, labels = '', count] of metrics.matchAll(SERIES)) {
    made += Number(count);
    if (!/\bcode="(200|ok)"/.test(labels)) failed += Number(count);
  }
  const paths = { count: 0, sum: 0 };
  for (const [, part = '', value] of metrics.matchAll(PATHS)) {
    paths[part as keyof typeof paths] += Number(value);
  }
  const series = metrics.match(/^[^#\n]/gm)?.length ?? 0;
  return { made, failed, paths, series };
}
