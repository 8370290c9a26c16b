const LIMIT_MS = 20_000;

/** Labels, and values with their times in seconds since 1970. */
export type Series = Readonly<{
  labels: Readonly<Record<string, string>>;
  points: readonly (readonly [time: number, value: number])[];
}>;

/** A span of time in seconds since 1970, and its step in seconds. */
export type Range = Readonly<{ start: number; end: number; step: number }>;

type Result = Readonly<{ metric: Record<string, string> }> &
  (
    | Readonly<{ value: readonly [number, string]; values?: undefined }>
    | Readonly<{ values: readonly (readonly [number, string])[] }>
  );

/** Queries a Prometheus at this URL. Throws its error, or if there is no response within 20 s. */
async function request<Data>(
  url: string,
  path: string,
  parameters: Readonly<Record<string, string>>,
): Promise<Data> {
  const query = new URLSearchParams(parameters);
  const response = await fetch(`${url}/api/v1/${path}?${query}`, {
    signal: AbortSignal.timeout(LIMIT_MS),
  });
  const { status, error, data } = (await response.json()) as {
    status: string;
    error?: string;
    data: Data;
  };
  if (status !== 'success') throw new Error(`${query}: ${error}`);
  return data;
}

function seriesOf({ result }: Readonly<{ result: readonly Result[] }>): Series[] {
  return result.map((each) => ({
    labels: each.metric,
    points: (each.values ?? [each.value]).map(([time, value]) => [time, Number(value)]),
  }));
}

/** A query's result at one time, in seconds since 1970. */
export async function at(url: string, query: string, time: number): Promise<Series[]> {
  return seriesOf(await request(url, 'query', { query, time: `${time}` }));
}

/** A query's result over a span of time. */
export async function over(url: string, query: string, range: Range): Promise<Series[]> {
  const { start, end, step } = range;
  return seriesOf(
    await request(url, 'query_range', { query, start: `${start}`, end: `${end}`, step: `${step}` }),
  );
}

/** The values of a label in the series that match. */
export function labelValues(url: string, label: string, match: string): Promise<string[]> {
  return request(url, `label/${label}/values`, { 'match[]': match });
}
