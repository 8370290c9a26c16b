import { expect, test } from 'vitest';
import { until } from '../lab/support/until.ts';
import { useKubeconfig } from './support/api-server.ts';
import { nameServer, queriedNames } from './support/name-server.ts';
import { startListening } from './support/start-program.ts';
import { temporaryFile } from './support/temporary-file.ts';

test('The program exits in time while look-ups of its API server and its OTLP receiver get no response', async () => {
  const names = await nameServer();
  const silent = ['api.test', 'receiver.test', 'module.test'];
  names.break('silent', silent);
  await useKubeconfig({ cluster: { server: 'https://api.test:6443' }, user: { token: 'a' } });
  const module = temporaryFile(
    "export const createExporter = ({ push }) => push(() => fetch('http://module.test/'));",
  );
  const program = await startListening({
    KUBECONFIG: process.env.KUBECONFIG ?? '',
    KUBENURSE_RESOLV_CONF: temporaryFile(`nameserver ${names.address}:${names.port}\n`),
    KUBENURSE_CHECK_NEIGHBOURHOOD: 'true',
    KUBENURSE_NAMESPACE: 'monitoring',
    KUBENURSE_SHUTDOWN_DURATION: '0s',
    OTEL_METRICS_EXPORTER: `prometheus,otlp,${module}`,
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://receiver.test:4318',
    OTEL_METRIC_EXPORT_INTERVAL: '200',
    OTEL_METRIC_EXPORT_TIMEOUT: '200',
  });
  await until('each name is looked up', 10_000, () =>
    silent.every((name) => queriedNames(names).includes(name)),
  );
  const stopped = performance.now();
  program.child.kill('SIGTERM');
  expect(await program.closed).toBe(0);
  // The last export of each exporter may take 2 s.
  expect(performance.now() - stopped).toBeLessThan(6_000);
}, 30_000);
