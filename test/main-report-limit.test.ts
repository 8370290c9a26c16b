import { createServer } from 'node:http';
import { onTestFinished, test } from 'vitest';
import { until } from '../lab/support/until.ts';
import type { Cluster } from '../src/cluster/model.ts';
import { startScriptedServer } from './support/api-server.ts';
import { startListening } from './support/start-program.ts';

const MAX = 1024 * 1024;

/** The address of a pod other than the program's own. */
const POD_IP = '127.0.0.9';

test('the program reads reports of up to 1 MiB', async () => {
  let length = MAX;
  const pod = {
    metadata: { name: 'other', namespace: 'monitoring' },
    spec: { nodeName: 'node-other' },
    status: { phase: 'Running', podIP: POD_IP, hostIP: POD_IP },
  };
  await startScriptedServer(({ url = '' }, response) => {
    if (url.includes('watch=true')) return response.flushHeaders();
    const items = url.includes('/pods') ? [pod] : [];
    response.end(JSON.stringify({ metadata: { resourceVersion: '5' }, items }));
  });
  const { url } = await startListening({
    KUBECONFIG: process.env.KUBECONFIG ?? '',
    KUBENURSE_CHECK_NEIGHBOURHOOD: 'true',
    KUBENURSE_NAMESPACE: 'monitoring',
    NODE_NAME: 'node-own',
  });
  const reporter = createServer((_, response) =>
    response.writeHead(200, { 'Content-Length': length }).end(' '.repeat(length)),
  ).listen(Number(new URL(url).port), POD_IP);
  onTestFinished(() => {
    reporter.closeAllConnections();
    reporter.close();
  });
  /** Waits for a collection that gives this text as the reason for the pod's missing report. */
  const waitFor = (text: string) =>
    until(text, 20_000, async () => {
      const response = await fetch(`${url}/cluster.json`);
      const { view } = (await response.json()) as Cluster;
      return view.silent[0]?.text === text;
    });

  await waitFor('the report cannot be used: it is not JSON');
  length = MAX + 1;
  await waitFor(`the response exceeds ${MAX} bytes`);
});
