import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { Cluster } from '../../lab/cluster/cluster.ts';
import { NAMESPACE } from '../../lab/parts/pod.ts';
import { Prometheus, type Series } from '../../lab/real/prometheus.ts';
import { until } from '../../lab/support/until.ts';
import { PIPELINES, type Pipeline, scraping } from './pipelines.ts';

/** The queries of existing users, one PromQL query per line. */
const QUERIES = (await readFile(join(import.meta.dirname, 'queries.txt'), 'utf8'))
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));

const INTERVAL_MS = 1_000;
/** How long to scrape before the comparison: long enough for rates. */
const SEEN_MS = 30_000;
/**
 * How far apart two results that were sampled at different moments may be, as a share of the
 * greater.
 */
const TOLERANCE = 0.3;
/**
 * On a busy machine with few samples in its tail, a quantile may be that of the bucket after the
 * next: each is up to 2.5 times as large.
 */
const QUANTILE_TOLERANCE = 0.85;

let pipeline: Pipeline;
let scraped: Prometheus;
let cluster: Cluster;
const opened = new AsyncDisposableStack();
afterAll(() => opened.disposeAsync());

beforeAll(async () => {
  pipeline = opened.use((await PIPELINES.gateway?.()) as Pipeline);
  if (!('endpoint' in pipeline.receiver)) throw new Error('the gateway is no Collector');
  cluster = opened.use(
    await Cluster.start({
      network: '127.22',
      env: {
        KUBENURSE_CHECK_INTERVAL: `${INTERVAL_MS}ms`,
        OTEL_EXPORTER_OTLP_ENDPOINT: pipeline.receiver.endpoint,
        OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
        OTEL_METRIC_EXPORT_INTERVAL: `${INTERVAL_MS}`,
        OTEL_METRIC_EXPORT_TIMEOUT: `${INTERVAL_MS}`,
        OTEL_RESOURCE_ATTRIBUTES: 'k8s.cluster.name=blue',
      },
    }),
  );
  // The labels that Kubernetes would give the pods.
  const targets = cluster.nodes.map(
    ({ name, podName, url }) => `      - targets: ['${new URL(url).host}']
        labels:
          __meta_kubernetes_pod_container_port_number: '8080'
          __meta_kubernetes_pod_phase: Running
          __meta_kubernetes_pod_node_name: ${name}
          __meta_kubernetes_pod_name: ${podName}
          __meta_kubernetes_namespace: ${NAMESPACE}
`,
  );
  scraped = await Prometheus.start(
    await scraping(
      'scrape',
      /kubernetes_sd_configs:\n( {6}.*\n)+/,
      `static_configs:\n${targets.join('')}`,
    ),
  );
  opened.defer(() => scraped.stop());
  // Something to count.
  await cluster.break('node-3:down');
  await sleep(SEEN_MS / 6);
  await cluster.heal('node-3');
  await sleep(SEEN_MS);
}, 120_000);

/** On a busy machine a scrape may fail; the next one, a second later, does not. */
function compare(query: string): Promise<void> {
  return vi.waitFor(() => compareOnce(query), { timeout: 10 * INTERVAL_MS, interval: INTERVAL_MS });
}

async function compareOnce(query: string): Promise<void> {
  const [pushed, pulled] = await Promise.all([
    pipeline.prometheus.query(query),
    scraped.query(query),
  ]);
  const byLabels = (series: readonly Series[]) =>
    new Map(series.map(({ labels, value }) => [identity(labels), value]));
  const [a, b] = [byLabels(pushed), byLabels(pulled)];
  expect([...a.keys()].sort(), query).toEqual([...b.keys()].sort());
  expect(a.size, query).toBeGreaterThan(0);
  // irate() uses the last two samples, which are not the same two.
  if (query.includes('irate')) return;
  for (const [labels, value] of a) {
    const other = b.get(labels) ?? Number.NaN;
    const apart = Number.isNaN(value) && Number.isNaN(other) ? 0 : Math.abs(value - other);
    const tolerance = query.includes('quantile') ? QUANTILE_TOLERANCE : TOLERANCE;
    const most = tolerance * Math.max(Math.abs(value), Math.abs(other));
    expect(apart, `${query} ${labels}: ${value} pushed, ${other} scraped`).toBeLessThanOrEqual(
      most,
    );
  }
}

/** Its labels except `instance`: the pod's UID if it pushes, its address if it is scraped. */
function identity(labels: Series['labels']): string {
  const { instance: _, ...rest } = labels;
  return JSON.stringify(Object.entries(rest).sort());
}

test.each(QUERIES)('pushed and scraped give the same result for %s', compare);

test('pushed and scraped have the same series', async () => {
  await compare(
    'count by (__name__, job, node, pod, namespace, cluster) ({__name__=~"kubenurse_.+|process_.+"})',
  );
  await compare('kubenurse_neighbour_info');
  await compare(
    'sum by (node, type) (kubenurse_httpclient_requests_total) * on (node, type) group_left (exported_pod, zone) kubenurse_neighbour_info',
  );
});

test('pushed and scraped give the same results across a restart of the Collector', async () => {
  await pipeline.receiver.pause();
  await sleep(5 * INTERVAL_MS);
  await pipeline.receiver.resume();
  await until('the series are back', 15_000, async () => {
    const series = await pipeline.prometheus.query('kubenurse_build_info');
    return series.length === cluster.nodes.length;
  });
  await sleep(5 * INTERVAL_MS);
  for (const query of QUERIES) await compare(query);
  const lines = cluster.nodes.map(({ log }) =>
    log.all.map((line) => JSON.parse(line).msg).filter((msg) => msg.startsWith('metrics export')),
  );
  expect(lines).toEqual(
    cluster.nodes.map(() => ['metrics export failed', 'metrics export recovered']),
  );
});
