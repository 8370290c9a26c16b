import { expect, test } from 'vitest';
import { countsOf } from '../lab/cluster/findings.ts';
import { API_SERVER, COMPONENT_SCENARIOS, fault } from '../lab/cluster/scenarios.ts';
import { until } from '../lab/support/until.ts';
import { playEndToEnd } from './support/end-to-end.ts';

/** Faults that only the embedded API server can produce. */
const EMBEDDED = [
  fault(
    'api-server:500',
    {
      api_server_direct: 'status_code_500 status',
      api_server_dns: 'status_code_500 status',
    },
    API_SERVER,
  ),
];

playEndToEnd('127.21', [...COMPONENT_SCENARIOS, ...EMBEDDED], (cluster) => {
  test('exports every metric of the contract for every path', async () => {
    for (const node of cluster().nodes) {
      // A caller that is not a pod does not count.
      const headers = { 'KUBENURSE-NEIGHBOUR-ORIGIN': 'elsewhere' };
      await fetch(new URL('/alwayshappy', node.url), { headers });
      const { body } = await node.get('/metrics');
      for (const { name } of cluster().nodes.filter((other) => other !== node)) {
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
      const failing = Object.keys(await countsOf(node));
      expect(failing.filter((type) => type.startsWith('path_'))).toEqual([]);
    }
  });

  test('shows the pod and the zone behind each path', async () => {
    const [first, ...rest] = cluster().nodes;
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
});
