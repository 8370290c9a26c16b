import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createChecks } from '../src/checks.ts';
import { VARIABLES } from '../src/config/variables.ts';
import type { Check, Neighbour, UdpCounts } from '../src/model.ts';
import { createNameServerChecks } from '../src/name-server-checks.ts';
import type { TraceEvent } from '../src/probes/progress.ts';
import { metricsRecorder } from '../src/recorders.ts';
import { ok } from './support/fake-check.ts';
import { scrapedMetrics } from './support/scraped-metrics.ts';

const PAGE = readFileSync(new URL('../docs/metrics.md', import.meta.url), 'utf8');
const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

const BOUNDARIES = VARIABLES.KUBENURSE_HISTOGRAM_BUCKETS.default.split(',').map(Number);

/** Families with their own row. */
const FAMILIES = [
  'kubenurse_httpclient_trace_request_duration_seconds',
  'kubenurse_httpclient_request_duration_seconds',
  'kubenurse_request_duration',
  'kubenurse_errors_total',
  'kubenurse_httpclient_requests_total',
  'kubenurse_check_failures_total',
  'kubenurse_tcp_rtt_seconds',
  'kubenurse_neighbour_info',
];

type Wanted = { udpPort?: number; rotating?: number; suspects?: readonly Neighbour[] };

/** The checks of a pod with these neighbours, in a cluster with the usual addresses. */
function checksOf(
  neighbours: readonly Neighbour[],
  { udpPort, rotating = 1, suspects = [] }: Wanted = {},
): readonly Check[] {
  const probe = async () => ok();
  return createChecks(
    {
      apiServerDirect: new URL('https://10.96.0.1:443/version'),
      apiServerDns: new URL('https://kubernetes.default.svc.cluster.local:443/version'),
      meIngress: new URL('https://kubenurse.example.com/alwayshappy'),
      meService: new URL('http://kubenurse.kube-system.svc.cluster.local:8080/alwayshappy'),
      extra: [],
      neighbours: { scheme: 'http', port: 8080, udpPort },
    },
    { apiServer: probe, neighbour: probe, rotating: probe, other: probe },
    { neighbours: () => neighbours, isGone: async () => false } as never,
    { isTooEarly: async () => false },
    {
      // In a cluster of more nodes than are checked in each round.
      inRound: () => neighbours.slice(9, 9 + rotating),
      suspects: () => suspects,
    },
  )();
}

/** The events of a request to the target of this check. */
function eventsOf({ target: { url } }: Check): TraceEvent[] {
  return [
    ...(/[a-z]/.test(url.hostname) ? (['dns_start', 'dns_done'] as const) : []),
    'connect_start',
    'connect_done',
    ...(url.protocol === 'https:' ? (['tls_handshake_start', 'tls_handshake_done'] as const) : []),
    'got_conn',
    'wrote_request',
    'got_first_resp_byte',
  ];
}

const UDP: UdpCounts = {
  ...{ sent: 10, duplicated: 0, reordered: 0, rtts: [0.001], jitter: 0.001 },
  lost: { forward: 0, backward: 0, unknown: 0 },
};

function certificatesOf({ target: { url } }: Check) {
  return url.protocol === 'https:' ? { certificates: { leaf: 1, earliest: 1 } } : {};
}

const neighbour = (i: number): Neighbour => ({
  podName: `kubenurse-${i}`,
  namespace: 'monitoring',
  podIP: `10.0.0.${i}`,
  hostIP: `10.1.0.${i}`,
  nodeName: `node-${i}`,
  phase: 'Running',
  zone: 'a',
});

async function countSeries(count: number, wanted: Wanted = {}): Promise<Map<string, number>> {
  const neighbours = Array.from({ length: count }, (_, i) => neighbour(i));
  const { metrics, series } = scrapedMetrics({ boundaries: BOUNDARIES });
  const recorder = metricsRecorder(metrics);
  for (const check of checksOf(neighbours, wanted)) {
    recorder.added?.(check);
    const timings = Object.fromEntries(eventsOf(check).map((event) => [event, 0.001]));
    const outcome = check.countsPackets
      ? { ...ok(), tcp: undefined, udp: UDP }
      : { ...ok(timings), ...certificatesOf(check) };
    recorder.record({ check, outcome });
  }
  metrics.eventLoopDelay.record(0);
  metrics.eventLoopActive.record(0);

  const counts = new Map<string, number>();
  for (const name of Object.keys(await series())) {
    const family = FAMILIES.find((each) => name.startsWith(each)) ?? 'all others';
    counts.set(family, (counts.get(family) ?? 0) + 1);
  }
  return counts;
}

test('docs/metrics.md has the actual numbers of series', async () => {
  const [nine, ten] = await Promise.all([countSeries(9), countSeries(10)]);
  const row = (name: string, a: number, b: number) =>
    `| ${name} | ${[a, b, 10 * a, 100 * b, 1000 * b].map((n) => n.toLocaleString('en')).join(' | ')} |`;
  for (const family of [...FAMILIES, 'all others']) {
    const name = family === 'all others' ? family : `\`${family}\``;
    expect(PAGE).toContain(row(name, nine.get(family) ?? 0, ten.get(family) ?? 0));
  }
  const sum = (counts: Map<string, number>) => [...counts.values()].reduce((a, b) => a + b);
  const together = row('**together**', sum(nine), sum(ten)).replaceAll(/ ([\d,]+)/g, ' **$1**');
  expect(PAGE).toContain(together);

  expect(README).toContain(`${sum(ten).toLocaleString('en')} series`);
  const disabled = [FAMILIES[0], FAMILIES[2]].map((family = '') => ten.get(family) ?? 0);
  const left = 1000 * disabled.reduce((rest, count) => rest - count, sum(ten));
  expect(PAGE).toContain(`cluster of 1,000 nodes to ${left.toLocaleString('en')} series`);
});

test('docs/metrics.md has the number of series of name server checks', async () => {
  const { metrics, series } = scrapedMetrics({ boundaries: BOUNDARIES });
  const recorder = metricsRecorder(metrics);
  const checks = createNameServerChecks({
    query: new URL('dns:kubernetes.default?type=A'),
    nameservers: () => ['10.96.0.10'],
    candidates: (name) => [name],
    createProbe: () => async () => ok(),
  })();
  for (const check of checks) {
    recorder.added?.(check);
    const timings = { dns_start: 0, dns_done: 0.001 };
    const outcome = { ...ok(timings), code: 'ok', tcp: undefined } as const;
    recorder.record({ check, outcome });
  }
  const count = Object.keys(await series()).filter((name) => name.includes('type="dns_')).length;
  expect(PAGE).toContain(`\`KUBENURSE_CHECK_DNS\` adds ${count} series for each name server`);
});

test('docs/metrics.md has the number of series of UDP checks', async () => {
  const sum = (counts: Map<string, number>) => [...counts.values()].reduce((a, b) => a + b);
  const [without, withUdp] = await Promise.all([
    countSeries(10),
    countSeries(10, { udpPort: 8862 }),
  ]);
  const each = (sum(withUdp) - sum(without)) / 10;
  expect(PAGE).toContain(`\`KUBENURSE_CHECK_UDP\` adds ${each} series for each neighbour`);
});

test('docs/checks.md states when every pair has been checked, and at what cost', async () => {
  const sum = (counts: Map<string, number>) => [...counts.values()].reduce((a, b) => a + b);
  const series = sum(await countSeries(10));
  const none = sum(await countSeries(10, { rotating: 0 }));
  const page = readFileSync(new URL('../docs/checks.md', import.meta.url), 'utf8');
  for (const [nodes, rotating] of [
    [11, 1],
    [100, 1],
    [1_000, 0],
    [1_000, 1],
    [1_000, 5],
    [5_000, 1],
    [5_000, 5],
  ] as const) {
    const areAllFixed = nodes === 11;
    const isAny = rotating > 0 && !areAllFixed;
    const hours = (Math.ceil((nodes - 1) / rotating) * 5) / 3_600;
    const time = Number.isFinite(hours) ? hours.toFixed(2) : 'never';
    const cells = [
      ...[nodes.toLocaleString('en'), 10, rotating],
      areAllFixed ? '0: all are fixed' : time,
      (isAny ? series : none).toLocaleString('en'),
    ];
    expect(page).toContain(`| ${cells.join(' | ')} |`);
  }
});

test('docs/metrics.md has the number of series of a suspect', async () => {
  const sum = (counts: Map<string, number>) => [...counts.values()].reduce((a, b) => a + b);
  const [without, withOne] = await Promise.all([
    countSeries(10),
    countSeries(10, { suspects: [neighbour(11)] }),
  ]);
  expect(PAGE).toContain(
    `each [suspect](checks.md#every-pair-of-nodes-over-time) ${sum(withOne) - sum(without)}`,
  );
});
