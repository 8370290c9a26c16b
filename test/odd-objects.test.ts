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

test('The program keeps checking the others when the API server lists odd pods, and warns once about each', async () => {
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
    .filter(({ msg }) => msg.startsWith('ignoring '))
    .map(({ level, msg }) => `${level}: ${msg}`);
  expect(warnings.sort()).toEqual([
    'warn: ignoring an object without a name',
    `warn: ignoring pod "list": invalid IP address ["127.0.0.2"]`,
    'warn: ignoring pod "number": invalid node name 5',
    'warn: ignoring pod "object": invalid node name {"of":"odd"}',
    String.raw`warn: ignoring pod "surrogate": invalid node name "node-\ud800"`,
    'warn: ignoring pod "unspecified": invalid IP address "0.0.0.0"',
    'warn: ignoring pod "zone": invalid IP address "fe80::1%eth0"',
  ]);
});
