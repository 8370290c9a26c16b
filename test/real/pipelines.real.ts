import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { expect, onTestFailed, test } from 'vitest';
import { Prometheus } from '../../lab/real/prometheus.ts';
import { COLLECTORS } from '../../lab/support/shipped.ts';
import { until } from '../../lab/support/until.ts';
import { ORIGIN, PIPELINES, type Pipeline, PUSHED_ORIGIN, scraping } from './pipelines.ts';
import {
  expectedSeries,
  METRICS,
  metricsPage,
  NEIGHBOUR_INFO,
  PUSHED_NEIGHBOUR_INFO,
  seriesText,
} from './sample.ts';

/** Until a push or a scrape can be queried; a Collector's queue waits a second. */
const ARRIVAL_LIMIT_MS = 30_000;
/** Longer than the 5 s after which an exporter gives up by default. */
const OUTAGE_MS = 5_500;
const OURS = '{__name__=~"kubenurse_.+|process_.+"}';

async function ourSeries(prometheus: Prometheus): Promise<Record<string, number>> {
  const series = await prometheus.query(OURS);
  return Object.fromEntries(series.map(({ labels, value }) => [seriesText(labels), value]));
}

async function arrival(prometheus: Prometheus, rounds: number): Promise<void> {
  await until(`those of round ${rounds} can be queried`, ARRIVAL_LIMIT_MS, async () => {
    const series = await prometheus.query('kubenurse_httpclient_requests_total');
    return series.some(({ value }) => value === rounds);
  });
}

/**
 * Closes all connections to the former address of Prometheus, until a client still tries after this
 * many milliseconds.
 */
async function refusing(url: string, milliseconds: number): Promise<void> {
  const tries: number[] = [];
  const server = createTcpServer((socket) => {
    tries.push(performance.now());
    socket.destroy();
  });
  server.listen(Number(new URL(url).port), '127.0.0.1');
  try {
    await until(`a try after ${milliseconds} ms`, 6 * milliseconds, () => {
      const [first = Infinity] = tries;
      return (tries.at(-1) ?? 0) - first > milliseconds;
    });
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

async function started(name: string): Promise<Pipeline> {
  const pipeline = await PIPELINES[name]?.();
  if (pipeline === undefined) throw new Error(`no pipeline ${name}`);
  onTestFailed(() => console.error(pipeline.output));
  return pipeline;
}

test.each(Object.keys(PIPELINES))(
  '%s: a push arrives with the same names, labels and values',
  async (name) => {
    await using pipeline = await started(name);
    await pipeline.push(3);
    await arrival(pipeline.prometheus, 3);
    expect(await ourSeries(pipeline.prometheus)).toEqual(expectedSeries(METRICS, 3, PUSHED_ORIGIN));
  },
);

test.each(Object.keys(PIPELINES))(
  '%s: the series continue after a restart of the receiver',
  async (name) => {
    await using pipeline = await started(name);
    await pipeline.push(3);
    await arrival(pipeline.prometheus, 3);

    await pipeline.receiver.pause();
    await expect(pipeline.push(4)).rejects.toThrow('fetch failed');
    await pipeline.receiver.resume();
    await pipeline.push(5);
    await arrival(pipeline.prometheus, 5);

    expect(await ourSeries(pipeline.prometheus)).toEqual(expectedSeries(METRICS, 5, PUSHED_ORIGIN));
    for (const counter of ['kubenurse_errors_total', 'kubenurse_request_duration_count']) {
      const [resets] = await pipeline.prometheus.query(`resets(${counter}[5m])`);
      expect(resets?.value).toBe(0);
    }
  },
);

test.each(COLLECTORS)(
  '%s: a push that reports nothing about its pod arrives, without a warning of the Collector',
  async (name) => {
    await using pipeline = await started(name);
    await pipeline.push(1);
    await pipeline.push(2, {
      resource: { 'service.name': 'kubenurse', 'service.instance.id': 'other' },
    });
    await arrival(pipeline.prometheus, 2);
    const series = await ourSeries(pipeline.prometheus);
    expect(series).toEqual({
      ...expectedSeries(METRICS, 1, PUSHED_ORIGIN),
      ...expectedSeries(METRICS, 2, { job: 'kubenurse', instance: 'other' }),
    });
    expect(pipeline.receiver.output).toContain('Everything is ready');
    expect(pipeline.receiver.output.match(/^.*\t(warn|error)\t.*$/gm)).toBeNull();
  },
);

test.each(['agent', 'remote-write'])(
  '%s: what Prometheus could not accept arrives later, with its own time',
  async (name) => {
    await using pipeline = await started(name);
    await pipeline.prometheus.pause();
    const time = Date.now() - 60_000;
    await pipeline.push(3, { time });
    await refusing(pipeline.prometheus.url, OUTAGE_MS);
    await pipeline.prometheus.resume();
    await arrival(pipeline.prometheus, 3);
    const [sample] = await pipeline.prometheus.query('timestamp(kubenurse_errors_total)');
    expect(sample?.value).toBe(time / 1_000);
  },
);

test.each(Object.keys(PIPELINES))(
  '%s: series about a neighbour have the labels that a scraped probe has',
  async (name) => {
    await using pipeline = await started(name);
    await pipeline.push(3, { metrics: [...METRICS, PUSHED_NEIGHBOUR_INFO] });
    await arrival(pipeline.prometheus, 3);
    expect(await ourSeries(pipeline.prometheus)).toEqual(
      expectedSeries([...METRICS, NEIGHBOUR_INFO], 3, PUSHED_ORIGIN),
    );
  },
);

test('gateway: after a restart nothing is shown until the next push', async () => {
  await using pipeline = await started('gateway');
  await pipeline.push(3);
  await arrival(pipeline.prometheus, 3);
  await pipeline.receiver.pause();
  await pipeline.receiver.resume();
  const since = Date.now() / 1_000;
  await until('it is scraped again', ARRIVAL_LIMIT_MS, async () => {
    const [up] = await pipeline.prometheus.query(`up == 1 and timestamp(up) > ${since}`);
    return up !== undefined;
  });
  expect(await ourSeries(pipeline.prometheus)).toEqual({});
});

test('scrape: a scraped probe has the names, labels and values of a pushed one', async () => {
  await using stack = new AsyncDisposableStack();
  const probe = createServer((_request, response) => {
    response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8');
    response.end(metricsPage([...METRICS, NEIGHBOUR_INFO], 3));
  });
  stack.defer(() => void probe.close());
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const address = `127.0.0.1:${(probe.address() as AddressInfo).port}`;
  // The labels that Kubernetes would give the pod.
  const discovered = `static_configs:
      - targets: ['${address}']
        labels:
          __meta_kubernetes_pod_container_port_number: '8080'
          __meta_kubernetes_pod_phase: Running
          __meta_kubernetes_pod_node_name: node-a
          __meta_kubernetes_pod_name: kubenurse-x2bwx
          __meta_kubernetes_namespace: kubenurse
`;
  const configuration = await scraping('scrape', /kubernetes_sd_configs:\n( {6}.*\n)+/, discovered);
  const prometheus = await Prometheus.start(configuration);
  stack.defer(() => prometheus.stop());
  await arrival(prometheus, 3);
  expect(await ourSeries(prometheus)).toEqual(
    expectedSeries([...METRICS, NEIGHBOUR_INFO], 3, { ...ORIGIN, instance: address }),
  );
});
