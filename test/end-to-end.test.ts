import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Cluster } from '../lab/cluster/cluster.ts';
import { countsOf } from '../lab/cluster/findings.ts';
import { allIsWell, play } from '../lab/cluster/scenario.ts';
import { fault, SCENARIOS } from '../lab/cluster/scenarios.ts';
import { until } from '../lab/support/until.ts';

/** A second instead of five, so that the scenarios take a fifth of the time. */
const INTERVAL_MS = 1_000;

/** What only the embedded API server can be made to answer. */
const EMBEDDED = [
  fault('api-server:500', {
    api_server_direct: 'status_code_500 status',
    api_server_dns: 'status_code_500 status',
  }),
];

describe('a cluster of five nodes', () => {
  let cluster: Cluster;

  beforeAll(async () => {
    cluster = await Cluster.start({
      network: '127.21',
      env: { KUBENURSE_CHECK_INTERVAL: `${INTERVAL_MS}ms` },
    });
    await allIsWell(cluster, 30_000);
  }, 60_000);
  afterAll(() => cluster?.close());

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
      expect(await countsOf(node)).toEqual({});
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

  test.each([...SCENARIOS, ...EMBEDDED])(
    '$name shows in the right checks and events, and nowhere else',
    async (scenario) => {
      const { falseAlarms } = await play(cluster, scenario, INTERVAL_MS);
      expect(falseAlarms).toEqual([]);
    },
    60_000,
  );
});
