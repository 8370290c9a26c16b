import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readDashboard, UIDS } from '../../lab/dashboards/dashboard-file.ts';
import { drawDashboard } from '../../lab/dashboards/draw-dashboard.ts';
import { INTERVAL_MS, ProbedCluster, RATE_INTERVAL } from '../../lab/dashboards/probed-cluster.ts';
import { at, over, type Series } from '../../lab/dashboards/prometheus-api.ts';
import { CLASSIC, NATIVE } from '../../lab/dashboards/upstream.ts';
import { interpolate, valuesOf } from '../../lab/dashboards/variables.ts';
import type { Prometheus } from '../../lab/real/prometheus.ts';
import { until } from '../../lab/support/until.ts';
import { PIPELINES, type Pipeline } from './pipelines.ts';

const START_LIMIT_MS = 240_000;
const SEEN_LIMIT_MS = 30_000;
const SUSPECT_FAILS =
  'kubenurse_check_success == 0 and on (node, type) kubenurse_neighbour_suspect';
const RANGE_SECONDS = 30;
/** By then, every scrape that had begun has ended. */
const SCRAPED_AFTER_SECONDS = 2;

const DASHBOARDS = await Promise.all(UIDS.map(readDashboard));

let probed: ProbedCluster;
let pipeline: Pipeline;
let native: Prometheus;
/** When things are broken, in seconds since 1970. */
let broken: number;
const opened = new AsyncDisposableStack();
afterAll(() => opened.disposeAsync());

const scraped = () => probed.prometheus;
const pushed = () => pipeline.prometheus;

beforeAll(async () => {
  pipeline = opened.use((await PIPELINES.gateway?.()) as Pipeline);
  if (!('endpoint' in pipeline.receiver)) throw new Error('the gateway is no Collector');
  probed = opened.use(
    await ProbedCluster.start('127.23', {
      OTEL_EXPORTER_OTLP_ENDPOINT: pipeline.receiver.endpoint,
      OTEL_METRIC_EXPORT_INTERVAL: `${INTERVAL_MS}`,
      OTEL_METRIC_EXPORT_TIMEOUT: `${INTERVAL_MS}`,
    }),
  );
  native = await probed.addNative();
  const nodes = probed.cluster.nodes.length;
  const service = `{type="me_service"}[${RATE_INTERVAL}]`;
  await seen(native, `count(rate(kubenurse_request_duration${service})) == ${nodes}`);
  for (const prometheus of [scraped(), pushed()]) {
    await seen(prometheus, `count(rate(kubenurse_request_duration_count${service})) == ${nodes}`);
  }

  await probed.cluster.break('node-3:down');
  for (const prometheus of [scraped(), pushed()]) await seen(prometheus, SUSPECT_FAILS);
  await probed.cluster.break('dns:nxdomain');
  await until('every break shows, and no scrape has failed', SEEN_LIMIT_MS, async () => {
    broken = Date.now() / 1_000 - SCRAPED_AFTER_SECONDS;
    return (await isBroken(scraped(), nodes - 1)) && (await isBroken(pushed(), nodes));
  });
}, START_LIMIT_MS);

/** Whether more than half of the checks that must fail do, and this many probes report. */
async function isBroken({ url }: Prometheus, probes: number): Promise<boolean> {
  const sum = (metric: string) => `sum by (type) (rate(${metric}[${RATE_INTERVAL}]))`;
  const failing = `${sum('kubenurse_errors_total')} / ${sum('kubenurse_httpclient_requests_total')}`;
  const reporting = await at(url, 'kubenurse_build_info', broken);
  const types = (await at(url, `${failing} > 0.5`, broken)).map(({ labels }) => labels.type);
  return (
    reporting.length === probes &&
    ['path_node-3', 'me_ingress'].every((type) => types.includes(type))
  );
}

async function seen(prometheus: Prometheus, query: string): Promise<void> {
  await until(query, SEEN_LIMIT_MS, async () => (await prometheus.query(query)).length > 0);
}

function numbersIn(series: readonly Series[]): number[] {
  return series.flatMap(({ points }) => points.map(([, value]) => value)).filter(Number.isFinite);
}

// Only what is scraped has a label `cluster` here.
describe.each([
  ['scraped', scraped, 'blue', { 'Probes missing': 1, 'Nodes with a probe': 4 }],
  // A probe that cannot be reached can still push.
  ['pushed', pushed, '', { 'Probes missing': 0, 'Nodes with a probe': 5 }],
] as const)('%s', (_way, prometheus, clusterName, probes) => {
  describe.each(DASHBOARDS)('$title', (dashboard) => {
    test('the variables have values', async () => {
      const { cluster, ...others } = await valuesOf(dashboard, prometheus().url, RATE_INTERVAL);
      expect(cluster).toBe(clusterName);
      expect(Object.values(others)).not.toContain('');
    });

    test('the picture has data in every panel', async () => {
      const { url } = prometheus();
      const values = await valuesOf(dashboard, url, RATE_INTERVAL);
      const range = { start: broken - RANGE_SECONDS, end: broken, step: 1 };
      const picture = await drawDashboard(dashboard, url, values, range);
      expect(picture).not.toContain('No data');
      for (const { title } of dashboard.panels) {
        if (!title.includes('$')) expect(picture).toContain(`>${title}<`);
      }
    });

    const targets = dashboard.panels.flatMap(({ title, targets = [] }) =>
      targets.map((target) => ({ title, ...target })),
    );
    test.each(targets)('$title ($refId) has data', async ({ expr, instant }) => {
      const { url } = prometheus();
      const query = interpolate(expr, await valuesOf(dashboard, url, RATE_INTERVAL));
      const range = { start: broken - RANGE_SECONDS, end: broken, step: 1 };
      const series = instant ? await at(url, query, broken) : await over(url, query, range);
      expect(numbersIn(series), query).not.toEqual([]);
    });
  });

  test('the numbers of the overview show what is broken', async () => {
    const overview = await readDashboard('kubenurse-overview');
    const { url } = prometheus();
    const values = await valuesOf(overview, url, RATE_INTERVAL);
    const numbers: Record<string, number> = {};
    for (const { type, title, targets: [target] = [] } of overview.panels) {
      if (type !== 'stat' || target === undefined) continue;
      const [series] = await at(url, interpolate(target.expr, values), broken);
      numbers[title] = series?.points[0]?.[1] ?? Number.NaN;
    }
    expect(numbers).toMatchObject({
      'Nodes not reached': 1,
      'Nodes that do not reach others': 0,
      ...probes,
    });
  });
});

test.each(CLASSIC)("upstream's dashboard has data: %s", async (query) => {
  for (const { url } of [scraped(), pushed()]) {
    expect(numbersIn(await at(url, query, broken)), query).not.toEqual([]);
  }
});

test.each(NATIVE)("upstream's dashboard has data of native histograms: %s", async (query) => {
  expect(numbersIn(await at(native.url, query, broken)), query).not.toEqual([]);
});
