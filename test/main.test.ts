import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { httpGet } from '../lab/support/http-get.ts';
import { until } from '../lab/support/until.ts';
import packageJson from '../package.json' with { type: 'json' };
import { ENOUGH, freePort, opened, startListening, startProgram } from './support/start-program.ts';

test.concurrent('--help prints every variable, and exits with 0', async () => {
  const { closed, stdout } = startProgram({}, ['--help']);
  expect(await closed).toBe(0);
  expect(stdout.all.join('\n')).toContain('KUBENURSE_INGRESS_URL');
});

test.concurrent('--version prints the version', async () => {
  const { closed, stdout } = startProgram({}, ['--version']);
  expect(await closed).toBe(0);
  expect(stdout.all).toEqual([packageJson.version]);
});

test.concurrent('/cluster.txt and /cluster.json show what a pod without neighbours knows', async () => {
  const { url } = await startListening();
  const { status, body } = await httpGet(`${url}/cluster.txt`, 10_000);
  expect(status).toBe(200);
  expect(body).toMatch(/^Collected .* by kubenurse-test on .*\.\n1 of 1 pod reported\.\n/);
  expect(body).toContain('\nNeighbours are not checked (KUBENURSE_CHECK_NEIGHBOURHOOD=false)');
  const { view } = JSON.parse((await httpGet(`${url}/cluster.json`, 10_000)).body);
  expect(view.reports).toMatchObject([{ pod: 'kubenurse-test' }]);
});

test.concurrent('--check-config reports that a configuration is valid, and does not start', async () => {
  const { closed, stdout } = startProgram(
    { ...ENOUGH, KUBENURSE_SERVICE_URL: 'http://kubenurse' },
    ['--check-config'],
  );
  expect(await closed).toBe(0);
  expect(stdout.all).toEqual(['the configuration is valid']);
});

test.concurrent('--check-config finds everything that would prevent the start', async () => {
  const broken = import.meta.filename;
  const { closed, stderr, stdout } = startProgram(
    {
      ...ENOUGH,
      KUBENURSE_SERVICE_URL: 'http://kubenurse',
      KUBENURSE_USE_TLS: 'true',
      KUBENURSE_CERT_FILE: broken,
      KUBENURSE_CERT_KEY: broken,
      KUBENURSE_EXTRA_CA: '/no/such/ca.crt',
      OTEL_METRICS_EXPORTER: 'prometheus,./no-such-exporter.mjs',
    },
    ['--check-config'],
  );
  expect(await closed).toBe(2);
  expect(stdout.all).toEqual([]);
  expect(stderr.all.filter((line) => !line.startsWith('Require stack'))).toEqual([
    'kubenurse: invalid configuration',
    expect.stringContaining('  cannot use the exporter ./no-such-exporter.mjs: '),
    expect.stringContaining(`  cannot use the certificate ${broken} with the key ${broken}: `),
    expect.stringContaining('  KUBENURSE_EXTRA_CA: ENOENT'),
  ]);
});

test.concurrent('--check-config names an extra CA that is not a certificate', async () => {
  const broken = import.meta.filename;
  const { closed, stderr } = startProgram(
    { ...ENOUGH, KUBENURSE_SERVICE_URL: 'http://kubenurse', KUBENURSE_EXTRA_CA: broken },
    ['--check-config'],
  );
  expect(await closed).toBe(2);
  expect(stderr.all.slice(1)).toEqual([
    `  KUBENURSE_EXTRA_CA: ${broken} contains no PEM certificate`,
  ]);
});

test.concurrent('a log line at the start lists the checks with their redacted URLs, and the exporters', async () => {
  const { stdout, child } = startProgram({
    ...ENOUGH,
    NODE_NAME: 'node-1',
    KUBENURSE_SERVICE_URL: 'http://user:secret@127.0.0.1:1',
    KUBENURSE_EXTRA_CHECKS: 'dns:http://127.0.0.1:2/?token=secret',
    KUBENURSE_PORT: String(await freePort()),
  });
  const isStart = (line: string) => line.includes('"starting checks"');
  await until('it has started', 10_000, () => stdout.all.some(isStart));
  child.kill('SIGTERM');
  const line = stdout.all.find(isStart) ?? '';
  expect(line).not.toContain('secret');
  expect(JSON.parse(line)).toMatchObject({
    level: 'info',
    pod: 'kubenurse-test',
    node: 'node-1',
    checks: {
      me_service: 'http://[redacted]@127.0.0.1:1/alwayshappy',
      dns: 'http://127.0.0.1:2/?[redacted]',
    },
    intervalSeconds: 5,
    exporters: ['prometheus'],
  });
});

test.concurrent('an unknown argument is reported, with exit code 2', async () => {
  const { closed, stderr } = startProgram({}, ['--chek-config']);
  expect(await closed).toBe(2);
  expect(stderr.all).toEqual(["kubenurse: Unknown option '--chek-config'; see kubenurse --help"]);
});

test.concurrent('all mistakes in the configuration are reported, with exit code 2 and no stack trace', async () => {
  const { closed, stderr, stdout } = startProgram({
    ...ENOUGH,
    KUBENURSE_CHECK_INTERVAL: '0',
    KUBENURSE_NEIGHBOUR_LIMIT: 'ten',
  });
  expect(await closed).toBe(2);
  expect(stdout.all).toEqual([]);
  expect(stderr.all).toEqual([
    'kubenurse: invalid configuration',
    '  KUBENURSE_CHECK_INTERVAL="0" must be a duration from 10ms to 24h',
    '  KUBENURSE_NEIGHBOUR_LIMIT="ten" must be a whole number from 0 to 100000',
    '  KUBENURSE_SERVICE_URL is not set (URL of the Service of kubenurse): set it, or KUBENURSE_CHECK_ME_SERVICE=false',
  ]);
});

test.concurrent('upstream fault: a failed listen does not end the process', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  opened.defer(() => taken.close());
  await once(taken, 'listening');
  const { port } = taken.address() as { port: number };
  const { closed, stdout } = startProgram({
    ...ENOUGH,
    KUBENURSE_SERVICE_URL: 'http://127.0.0.1',
    KUBENURSE_PORT: String(port),
  });
  expect(await closed).toBe(1);
  expect(JSON.parse(stdout.all.at(-1) ?? '')).toMatchObject({
    level: 'fatal',
    error: `cannot listen on 127.0.0.1 port ${port}: listen EADDRINUSE: address already in use 127.0.0.1:${port}`,
  });
});

test.concurrent('SIGTERM: unready at once, responding for the shutdown duration, then exit code 0', async () => {
  const { child, closed, stdout, url } = await startListening({
    KUBENURSE_SHUTDOWN_DURATION: '2s',
  });
  expect((await httpGet(`${url}/ready`, 10_000)).status).toBe(200);
  const start = performance.now();
  child.kill('SIGTERM');
  await until('it is unready', 1_000, async () => {
    return (await httpGet(`${url}/ready`, 10_000)).status === 503;
  });
  child.kill('SIGTERM');
  expect((await httpGet(`${url}/alwayshappy`, 10_000)).status).toBe(200);
  expect(await closed).toBe(0);
  expect(performance.now() - start).toBeGreaterThan(2_000);
  expect(stdout.all.at(-1)).toContain('kubenurse has stopped');
});

test.concurrent('upstream fault: SIGTERM counts the checks in flight as errors', async () => {
  const silent = createServer().listen(0, '127.0.0.1');
  opened.defer(() => silent.close());
  await once(silent, 'listening');
  const { port } = silent.address() as { port: number };
  const connected = once(silent, 'connection');
  const { child, closed, stdout } = await startListening({
    KUBENURSE_CHECK_ME_SERVICE: 'false',
    KUBENURSE_EXTRA_CHECKS: `silent:http://127.0.0.1:${port}`,
    KUBENURSE_CHECK_INTERVAL: '100ms',
    KUBENURSE_SHUTDOWN_DURATION: '500ms',
  });
  await connected;
  child.kill('SIGINT');
  expect(await closed).toBe(0);
  expect(stdout.all.join('\n')).not.toContain('check failed');
});

test.concurrent('an unexpected exception ends the program with the reason and code 1', async () => {
  const bug = 'setTimeout(() => { throw new Error("a bug") }, 1500)';
  const { closed, stdout } = startProgram(
    {
      ...ENOUGH,
      KUBENURSE_SERVICE_URL: 'http://127.0.0.1',
      KUBENURSE_PORT: String(await freePort()),
    },
    [],
    ['--import', `data:text/javascript,${encodeURIComponent(bug)}`],
  );
  expect(await closed).toBe(1);
  expect(JSON.parse(stdout.all.at(-1) ?? '')).toMatchObject({
    level: 'fatal',
    err: { message: 'a bug' },
  });
});

test.concurrent('the failure and the recovery of a check are one log line each, with check, cause and duration', async () => {
  const port = await freePort();
  const program = await startListening({
    KUBENURSE_CHECK_ME_SERVICE: 'false',
    KUBENURSE_EXTRA_CHECKS: `other:http://127.0.0.1:${port}/`,
    KUBENURSE_CHECK_INTERVAL: '50ms',
  });
  const linesOf = (message: string) =>
    program.stdout.all.map((line) => JSON.parse(line)).filter(({ msg }) => msg === message);
  const failures = async () => {
    const { body } = await httpGet(`${program.url}/metrics`, 10_000);
    return Number(/errors_total\{type="other",event="connect_done"\} (\d+)/.exec(body)?.[1]);
  };
  await until('it has failed five times', 5_000, async () => (await failures()) >= 5);
  expect(linesOf('check failed')).toEqual([
    expect.objectContaining({
      level: 'warn',
      type: 'other',
      event: 'connect_done',
      error: `connecting to 127.0.0.1:${port}: connection refused (ECONNREFUSED)`,
    }),
  ]);
  const other = createServer((socket) => {
    socket.on('error', () => {});
    socket.end('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  }).listen(port, '127.0.0.1');
  opened.defer(() => other.close());
  await until('it has recovered', 5_000, () => linesOf('check recovered').length > 0);
  expect(linesOf('check recovered')).toEqual([
    expect.objectContaining({
      type: 'other',
      event: 'connect_done',
      cause: 'refused',
      failures: expect.any(Number),
      seconds: expect.any(Number),
    }),
  ]);
  expect(linesOf('check failed')).toHaveLength(1);
});

test.concurrent('each round starts with a request of the program to itself', async () => {
  // Prints what the program's own server receives.
  const spy = `import { subscribe } from 'node:diagnostics_channel';
    subscribe('net.server.socket', ({ socket }) => socket.on('data', (head) =>
      console.error(/User-Agent: (.*)/.exec(head)?.[1], /GET (.*) HTTP/.exec(head)?.[1])));`;
  const { stderr } = await startListening(
    {
      KUBENURSE_CHECK_INTERVAL: '100ms',
      KUBENURSE_SERVICE_URL: `http://127.0.0.1:${await freePort()}`,
    },
    ['--import', `data:text/javascript,${encodeURIComponent(spy)}`],
  );
  await until('three rounds have begun', 5_000, () => stderr.all.length >= 3);
  expect(new Set(stderr.all)).toEqual(new Set([`kubenurse/${packageJson.version} /alwayshappy`]));
});
