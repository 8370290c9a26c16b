import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Cluster } from './cluster/cluster.ts';
import type { ClusterNode } from './cluster/node.ts';
import { until } from './cluster/until.ts';

/** A second instead of five, so that the scenarios take a fifth of the time. */
const INTERVAL_MS = 1_000;

/** Two intervals, and what a check may take itself until it gives up (the contract's 6 s) with its second for news. */
const TO_SHOW_MS = 2 * INTERVAL_MS + 7_000;
const TO_HEAL_MS = 2 * INTERVAL_MS + 7_000;

/** Where a fault has to show: on whom, in which checks, by which event. */
type Scenario = Readonly<{
  fault: string;
  shows: Readonly<Record<string, string>>;
  /** Nodes that do not see it. */
  blind?: readonly string[];
}>;

const SCENARIOS: readonly Scenario[] = [
  { fault: 'node-3:down', shows: { 'path_node-3': 'connect_done' }, blind: ['node-3'] },
  { fault: 'node-3:reset', shows: { 'path_node-3': 'round_trip_error' }, blind: ['node-3'] },
  { fault: 'node-3:hang', shows: { 'path_node-3': 'round_trip_error' }, blind: ['node-3'] },
  { fault: 'service:down', shows: { me_service: 'connect_done' } },
  { fault: 'service:reset', shows: { me_service: 'round_trip_error' } },
  { fault: 'ingress:down', shows: { me_ingress: 'connect_done' } },
  { fault: 'ingress:503', shows: { me_ingress: 'status_code_503' } },
  { fault: 'ingress:wrong-certificate', shows: { me_ingress: 'tls_handshake_done' } },
  {
    fault: 'api-server:away',
    shows: { api_server_direct: 'connect_done', api_server_dns: 'connect_done' },
  },
  {
    fault: 'api-server:hang',
    shows: { api_server_direct: 'tls_handshake_done', api_server_dns: 'tls_handshake_done' },
  },
  {
    fault: 'api-server:500',
    shows: { api_server_direct: 'status_code_500', api_server_dns: 'status_code_500' },
  },
  ...['dns:silent', 'dns:servfail', 'dns:nxdomain'].map((fault) => ({
    fault,
    shows: { api_server_dns: 'dns_done', me_ingress: 'dns_done', me_service: 'dns_done' },
  })),
];

/** What no check may notice. */
const SILENT = ['node-3:cordoned', 'node-3:terminating', 'node-3:deleted', 'service:slow=100ms'];

describe('a cluster of five nodes', () => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await Cluster.start({
      network: '127.21',
      env: { KUBENURSE_CHECK_INTERVAL: `${INTERVAL_MS}ms` },
    });
    await allIsWell();
  }, 60_000);
  afterAll(() => cluster?.close());

  /** Every check of every node is ok, and every node has each other that counts for a neighbour. */
  function allIsWell(): Promise<void> {
    return until('every check of every node is ok', TO_HEAL_MS + 15_000, async () => {
      const running = cluster.nodes.filter((node) => node.ended === undefined);
      const answers = await Promise.all(running.map((node) => node.alive()));
      return answers.every(({ status, body }, i) => {
        const others = cluster.nodes.filter((node) => node !== running[i] && node.isNeighbour);
        return status === 200 && JSON.parse(body).neighbourhood.length === others.length;
      });
    });
  }

  test('has every metric of the contract for every path', async () => {
    for (const node of cluster.nodes) {
      const { body } = await node.get('/metrics');
      for (const { name } of cluster.nodes.filter((other) => other !== node)) {
        const type = `type="path_${name}"`;
        expect(body).toContain(`kubenurse_request_duration_bucket{${type},le="0.0005"}`);
        expect(body).toContain(`kubenurse_httpclient_request_duration_seconds_count{${type}}`);
        expect(body).toContain(`kubenurse_httpclient_requests_total{${type},code="200"}`);
        expect(body).toContain(`kubenurse_errors_total{${type},event="connect_done"} 0`);
        for (const event of ['connect_start', 'connect_done', 'got_conn', 'wrote_request']) {
          expect(body).toContain(
            `kubenurse_httpclient_trace_request_duration_seconds_count{${type},event="${event}"}`,
          );
        }
      }
      expect(body).toContain('\nkubenurse_neighbourhood_incoming_checks 4\n');
      expect(errorsIn(body)).toEqual({});
    }
  });

  test('tells the pod and the zone behind each path', async () => {
    const [first, ...rest] = cluster.nodes;
    await until('the zones are known', 15_000, async () => {
      const { body } = (await first?.get('/metrics')) ?? { body: '' };
      return (
        rest.every(({ name, podName }) =>
          body.includes(
            `kubenurse_neighbour_info{type="path_${name}",node="${name}",pod="${podName}"`,
          ),
        ) && body.match(/^kubenurse_neighbour_info.*zone="zone-a"\} 1$/gm)?.length === rest.length
      );
    });
  });

  test.each(SCENARIOS)(
    '$fault shows in the right check and event, and nowhere else',
    async ({ fault, shows, blind = [] }) => {
      const expected = Object.entries(shows).map(([type, event]) => `${type} ${event}`);
      const seeing = cluster.nodes.filter(({ name }) => !blind.includes(name));
      const before = await observe(cluster.nodes);
      await cluster.break(fault);
      await until(`${fault} shows on ${seeing.length} nodes`, TO_SHOW_MS, async () => {
        const now = await observe(seeing);
        return seeing.every(({ name }) => {
          const errors = grown(before.get(name)?.errors, now.get(name)?.errors);
          return expected.every((key) => errors.includes(key));
        });
      });
      await cluster.heal(fault.split(':')[0] ?? '');
      await allIsWell();

      const after = await observe(cluster.nodes);
      for (const node of cluster.nodes) {
        const { name } = node;
        const seen = blind.includes(name) ? [] : expected.toSorted();
        const errors = grown(before.get(name)?.errors, after.get(name)?.errors);
        expect(asIfNoneWasCut(errors, shows), name).toEqual(seen);
        const lines = transitions(node.log.all.slice(before.get(name)?.logged));
        expect(asIfNoneWasCut(lines['check fails'] ?? [], shows), name).toEqual(seen);
        expect(asIfNoneWasCut(lines['check has recovered'] ?? [], shows), name).toEqual(seen);
      }
    },
  );

  test.each(SILENT)('%s is no error', async (fault) => {
    const before = await observe(cluster.nodes);
    await cluster.break(fault);
    await allIsWell();
    const checked = await observe(others(fault), 'kubenurse_httpclient_requests_total');
    await until('every node has gone through three more rounds', 10_000, async () => {
      const now = await observe(others(fault), 'kubenurse_httpclient_requests_total');
      return others(fault).every(({ name }) => {
        const key = 'me_service 200';
        return (now.get(name)?.errors[key] ?? 0) >= (checked.get(name)?.errors[key] ?? 0) + 3;
      });
    });
    await cluster.heal(fault.split(':')[0] ?? '');
    await allIsWell();
    const after = await observe(others(fault));
    for (const { name } of others(fault)) {
      expect(grown(before.get(name)?.errors, after.get(name)?.errors), name).toEqual([]);
    }
  });

  /** The nodes that the fault is not of. */
  function others(fault: string): ClusterNode[] {
    return cluster.nodes.filter(({ name }) => !fault.startsWith(`${name}:`));
  }
});

type Seen = Readonly<{ errors: Readonly<Record<string, number>>; logged: number }>;

/** What the nodes have counted and how many lines they have logged, by the node's name. */
async function observe(
  nodes: readonly ClusterNode[],
  metric = 'kubenurse_errors_total',
): Promise<Map<string, Seen>> {
  const seen = nodes.map(async (node): Promise<[string, Seen]> => {
    const { body } = await node.get('/metrics');
    return [node.name, { errors: errorsIn(body, metric), logged: node.log.all.length }];
  });
  return new Map(await Promise.all(seen));
}

/** `type event` (or `type code`) → count, of those above 0. */
function errorsIn(metrics: string, metric = 'kubenurse_errors_total'): Record<string, number> {
  const series = new RegExp(`^${metric}\\{type="([^"]+)",[a-z]+="([^"]+)"\\} (\\d+)$`, 'gm');
  const counts = [...metrics.matchAll(series)].map(([, type, label, value]): [string, number] => [
    `${type} ${label}`,
    Number(value),
  ]);
  return Object.fromEntries(counts.filter(([, value]) => value > 0));
}

/** The keys whose count has grown. */
function grown(before: Seen['errors'] = {}, after: Seen['errors'] = {}): string[] {
  return Object.keys(after)
    .filter((key) => (after[key] ?? 0) > (before[key] ?? 0))
    .sort();
}

/**
 * The keys, with a check that was under way when its target went down, and so was rightly told to have been reset, as
 * the ones that came after it.
 */
function asIfNoneWasCut(keys: readonly string[], shows: Scenario['shows']): string[] {
  const settled = keys.map((key) => {
    const [type = '', event] = key.split(' ');
    const isCut = event === 'round_trip_error' && shows[type] === 'connect_done';
    return isCut ? `${type} connect_done` : key;
  });
  return [...new Set(settled)].sort();
}

/** `type event` of the log's lines of each message. */
function transitions(lines: readonly string[]): Record<string, string[]> {
  const parsed = lines.map((line) => JSON.parse(line));
  const of = (message: string) =>
    parsed
      .filter(({ msg }) => msg === message)
      .map(({ type, event }) => `${type} ${event}`)
      .sort();
  return Object.fromEntries(
    ['check fails', 'check has recovered'].map((message) => [message, of(message)]),
  );
}
