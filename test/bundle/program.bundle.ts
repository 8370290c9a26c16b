import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { CertificateAuthority } from '../../lab/support/certificates.ts';
import { httpGet } from '../../lab/support/http-get.ts';
import { until } from '../../lab/support/until.ts';
import packageJson from '../../package.json' with { type: 'json' };
import { PushCollector } from '../support/push-collector.ts';
import { sendBytes } from '../support/served-pages.ts';
import { ENOUGH, freePort } from '../support/start-program.ts';
import { packedProgram, startPacked } from './packed-program.ts';

/** Its current size and some room, so that an addition is noticed. */
const MAX_BYTES = 870_000;

const MY_EXPORTER = join(import.meta.dirname, '../exporters/my-exporter.mjs');

const files = new AsyncDisposableStack();
let folder: string;
let file: string;
let stack: AsyncDisposableStack;

beforeAll(async () => {
  ({ folder, file } = await packedProgram(files));
});
afterAll(() => files.disposeAsync());
beforeEach(() => {
  const own = new AsyncDisposableStack();
  onTestFinished(() => own.disposeAsync());
  stack = own;
});

function run(argument: string, env: Record<string, string> = {}) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [file, argument], {
    encoding: 'utf8',
    timeout: 10_000,
    env,
  });
  return { status, stdout, stderr };
}

test('the packed program is small, and names no source map', async () => {
  const program = await readFile(file, 'utf8');
  expect(program.length).toBeLessThan(MAX_BYTES);
  expect(program).not.toContain('sourceMappingURL');
});

test('the packed program is ASCII, so that V8 stores one byte per character', async () => {
  const program = await readFile(file);
  expect(program.findIndex((byte) => byte > 127)).toBe(-1);
});

test('the packed program prints its version and variables, and accepts a valid configuration', () => {
  const well = { status: 0, stderr: '' };
  expect(run('--version')).toEqual({ ...well, stdout: `${packageJson.version}\n` });
  expect(run('--help')).toMatchObject({
    ...well,
    stdout: expect.stringContaining('KUBENURSE_INGRESS_URL'),
  });
  const env = { ...ENOUGH, KUBENURSE_SERVICE_URL: 'http://kubenurse' };
  expect(run('--check-config', env)).toEqual({ ...well, stdout: 'the configuration is valid\n' });
});

test('the packed program without a configuration reports what it needs, with exit code 2', () => {
  const { status, stdout, stderr } = run('--check-config');
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toContain('KUBENURSE_INGRESS_URL is not set');
});

test('the packed program reads TCP_INFO, and writes nothing but its log', async () => {
  const { url, stdout } = await startPacked(stack, file, { KUBENURSE_CHECK_INTERVAL: '200ms' });
  await until('a round-trip time is exported', 10_000, async () =>
    /^kubenurse_tcp_rtt_seconds_count\{type="me_service"\} [1-9]/m.test(
      (await httpGet(`${url}/metrics`, 10_000)).body,
    ),
  );
  // This includes standard error, where the warning of node:ffi would be.
  for (const line of stdout.all) expect(JSON.parse(line)).toHaveProperty('level');
});

test.each(['http/protobuf', 'http/json'])(
  'the packed program exports with every built-in exporter over %s, a user file, and a package next to it',
  async (protocol) => {
    await cp(MY_EXPORTER, join(folder, 'mine.mjs'));
    await mkdir(join(folder, 'node_modules/@acme/mine'), { recursive: true });
    await cp(MY_EXPORTER, join(folder, 'node_modules/@acme/mine/index.mjs'));
    await writeFile(join(folder, 'node_modules/@acme/mine/package.json'), '{"main": "index.mjs"}');
    const otlp = await PushCollector.start();
    const mine = await PushCollector.start();
    const { url, stdout } = await startPacked(stack, file, {
      KUBENURSE_CHECK_INTERVAL: '100ms',
      KUBENURSE_SHUTDOWN_DURATION: '0s',
      OTEL_METRICS_EXPORTER: `prometheus,otlp,console,${join(folder, 'mine.mjs')},@acme/mine`,
      OTEL_METRIC_EXPORT_INTERVAL: '200',
      OTEL_EXPORTER_OTLP_ENDPOINT: otlp.url,
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
      MY_ENDPOINT: mine.url,
    });
    const name = 'kubenurse_httpclient_requests_total';
    await until('every exporter has exported', 10_000, async () => {
      const { body } = await httpGet(`${url}/metrics`, 10_000);
      return (
        body.includes(`${name}{type="me_service",code="200"}`) &&
        otlp.pushes.some((push) => push.body.includes(name)) &&
        mine.pushes.filter((push) => push.body.includes(name)).length >= 2 &&
        stdout.all.some((line) => line.startsWith(`{"metric":"${name}"`))
      );
    });
    expect(otlp.pushes[0]?.headers['content-type']).toBe(
      protocol === 'http/json' ? 'application/json' : 'application/x-protobuf',
    );
    expect(stdout.all.filter((line) => /"level":"(warn|error|fatal)"/.test(line))).toEqual([]);
  },
);

test('the packed program serves HTTPS, and checks over it', async () => {
  const authority = await CertificateAuthority.create('test');
  const pair = await authority.issue({ commonName: 'kubenurse', ipAddresses: ['127.0.0.1'] });
  const path = (name: string) => join(folder, name);
  await writeFile(path('ca.crt'), authority.certificate);
  await writeFile(path('tls.crt'), pair.certificate);
  await writeFile(path('tls.key'), pair.key);
  const port = await freePort();
  await startPacked(stack, file, {
    KUBENURSE_USE_TLS: 'true',
    KUBENURSE_TLS_PORT: String(port),
    KUBENURSE_CERT_FILE: path('tls.crt'),
    KUBENURSE_CERT_KEY: path('tls.key'),
    KUBENURSE_EXTRA_CA: path('ca.crt'),
    KUBENURSE_SERVICE_URL: `https://127.0.0.1:${port}`,
    KUBENURSE_SHUTDOWN_DURATION: '0s',
  });
  const outgoing = request({
    host: '127.0.0.1',
    port,
    path: '/alive',
    ca: authority.certificate,
    agent: false,
    timeout: 10_000,
  });
  const [response] = await once(outgoing.end(), 'response');
  expect(response.statusCode).toBe(200);
  expect(JSON.parse(await text(response))).toMatchObject({ me_service: 'ok' });
});

test.each([
  ['an absolute URL', 'http://a/alive', 200],
  ['an invalid absolute URL', 'http://[::1/alive', 400],
  ['a fragment', '/alive#b', 200],
])('the packed program serves %s, and writes only JSON', async (_, target, status) => {
  const { url, stdout } = await startPacked(stack, file, {});
  const head = `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;
  const response = await sendBytes(Number(new URL(url).port), head);
  expect(response).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  // Node writes its warnings in a later turn.
  await httpGet(`${url}/alive`, 5_000);
  expect(stdout.all.filter((line) => !line.startsWith('{'))).toEqual([]);
});
