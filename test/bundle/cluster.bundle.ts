import { afterAll, beforeAll, expect, test } from 'vitest';
import { Cluster } from '../../lab/cluster/cluster.ts';
import { allIsWell, play } from '../../lab/cluster/scenario.ts';
import { SCENARIOS } from '../../lab/cluster/scenarios.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { packedProgram } from './packed-program.ts';

/** A tenth of the default, so that the scenarios take a tenth of the time. */
const INTERVAL_MS = 500;

const PLAYED = ['node-3:down', 'api-server:down', 'dns:nxdomain', 'a rolling update'].map(
  (name) => {
    const scenario = SCENARIOS.find((each) => each.name === name);
    if (scenario === undefined) throw new Error(`there is no scenario ${name}`);
    return scenario;
  },
);

const stack = new AsyncDisposableStack();
let cluster: Cluster;

beforeAll(async () => {
  const { file } = await packedProgram(stack);
  cluster = stack.use(
    await Cluster.start({
      program: file,
      network: '127.81',
      nodes: 3,
      env: { KUBENURSE_CHECK_INTERVAL: `${INTERVAL_MS}ms` },
    }),
  );
  await allIsWell(cluster, 15_000);
});
afterAll(() => stack.disposeAsync());

test('the packed program shows what is wrong with the cluster, and where its runbooks are', async () => {
  const { body } = (await cluster.nodes[0]?.get('/cluster.txt')) ?? { body: '' };
  expect(body).toContain('\n3 of 3 pods reported.\n');
  expect(body).toContain(`\nRunbooks: ${packageJson.repository}/blob/main/docs/runbooks/\n`);
});

test('the packed program has every metric of the contract', async () => {
  const { body } = (await cluster.nodes[0]?.get('/metrics')) ?? { body: '' };
  const names = [...body.matchAll(/^# TYPE (\w+ \w+)$/gm)].map(([, name]) => name);
  expect(names).toEqual(
    expect.arrayContaining([
      'kubenurse_request_duration histogram',
      'kubenurse_errors_total counter',
      'kubenurse_httpclient_request_duration_seconds histogram',
      'kubenurse_httpclient_trace_request_duration_seconds histogram',
      'kubenurse_httpclient_requests_total counter',
      'kubenurse_neighbourhood_incoming_checks gauge',
      'process_resident_memory_bytes gauge',
      'process_open_fds gauge',
      'process_cpu_seconds_total counter',
      'process_start_time_seconds gauge',
    ]),
  );
  expect(body).toContain('kubenurse_httpclient_requests_total{type="path_node-2",code="200"}');
});

test.each(PLAYED)(
  'with the packed program, $name shows in the right checks and events, and nowhere else',
  async (scenario) => {
    const { falseAlarms } = await play(cluster, scenario, INTERVAL_MS);
    expect(falseAlarms).toEqual([]);
  },
);
