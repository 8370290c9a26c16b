import { expect, test } from 'vitest';
import { until } from '../lab/support/until.ts';
import { startScriptedServer } from './support/api-server.ts';
import { startListening } from './support/start-program.ts';

const pod = (name: string, status: object = {}, nodeName: unknown = `node-${name}`) => ({
  metadata: { name, namespace: 'monitoring' },
  spec: { nodeName },
  status: { phase: 'Running', podIP: '127.0.0.2', hostIP: '127.0.0.2', ...status },
});

const ODD_PODS = [
  pod('zone', { podIP: 'fe80::1%eth0' }),
  pod('unspecified', { podIP: '0.0.0.0' }),
  pod('number', {}, 5),
  pod('object', {}, { of: 'odd' }),
  pod('list', { podIP: ['127.0.0.2'] }),
  pod('surrogate', {}, 'node-\ud800'),
  null,
  'pod',
  { metadata: null },
  {
    metadata: { name: 'bare', labels: 5 },
    spec: 'none',
    status: { conditions: { type: 'Ready' } },
  },
];

test('The program goes on checking the others when the API server lists odd pods, and warns once of each', async () => {
  await startScriptedServer(({ url = '' }, response) => {
    if (url.includes('watch=true')) return response.flushHeaders();
    const items = url.includes('/pods') ? [...ODD_PODS, pod('good')] : [];
    response.end(JSON.stringify({ metadata: { resourceVersion: '5' }, items }));
  });
  const program = await startListening({
    KUBECONFIG: process.env.KUBECONFIG ?? '',
    KUBENURSE_CHECK_NEIGHBOURHOOD: 'true',
    KUBENURSE_NAMESPACE: 'monitoring',
    KUBENURSE_CHECK_INTERVAL: '100ms',
    NODE_NAME: 'node-own',
  });
  const metrics = async () => (await fetch(`${program.url}/metrics`)).text();
  const checks =
    /kubenurse_httpclient_requests_total\{type="path_node-good",code="round_trip_error"\} [1-9]/;
  await until('the good pod is checked', 10_000, async () => checks.test(await metrics()));

  expect(await metrics()).not.toMatch(/path_(?!node-good)/);
  const warnings = program.stdout.all
    .map((line) => JSON.parse(line))
    .filter(({ msg }) => msg.includes('left out'))
    .map(({ level, msg }) => `${level}: ${msg}`);
  expect(warnings.sort()).toEqual([
    'warn: an object without a name is left out',
    `warn: the pod "list" is left out: its IP address is ["127.0.0.2"]`,
    'warn: the pod "number" is left out: the name of its node is 5',
    'warn: the pod "object" is left out: the name of its node is {"of":"odd"}',
    String.raw`warn: the pod "surrogate" is left out: the name of its node is "node-\ud800"`,
    'warn: the pod "unspecified" is left out: its IP address is "0.0.0.0"',
    'warn: the pod "zone" is left out: its IP address is "fe80::1%eth0"',
  ]);
});
