import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { httpGet } from '../lab/support/http-get.ts';
import { until } from '../lab/support/until.ts';
import { PROGRAM } from './support/program-file.ts';
import { ENOUGH, freePort, opened, startListening } from './support/start-program.ts';

async function settings(): Promise<{ env: Record<string, string>; url: string }> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  return {
    env: {
      PATH: process.env.PATH ?? '',
      ...ENOUGH,
      KUBENURSE_PORT: String(port),
      KUBENURSE_SERVICE_URL: url,
      KUBENURSE_CHECK_INTERVAL: '100ms',
      KUBENURSE_SHUTDOWN_DURATION: '0s',
    },
    url,
  };
}

/** Checks that the program responds, and that its checks continue. */
async function expectItWorks(url: string): Promise<void> {
  const checks = async () => {
    const { body } = await httpGet(`${url}/metrics`, 10_000);
    return Number(/requests_total\{type="me_service",code="200"\} (\d+)/.exec(body)?.[1] ?? NaN);
  };
  await until('it responds', 10_000, () => checks().then(Number.isFinite, () => false));
  const before = await checks();
  await until('five more checks are made', 5_000, async () => (await checks()) >= before + 5);
}

async function dropped(url: string): Promise<number> {
  const { body } = await httpGet(`${url}/metrics`, 10_000);
  return Number(/^kubenurse_log_lines_dropped_total (\d+)$/m.exec(body)?.[1]);
}

test.concurrent('a full disk behind standard output stops nothing, and dropped lines are counted', async () => {
  const { env, url } = await settings();
  const full = openSync('/dev/full', 'w');
  const child = spawn(process.execPath, [PROGRAM], { env, stdio: ['ignore', full, 'inherit'] });
  closeSync(full);
  opened.defer(() => child.kill('SIGKILL'));
  const closed = once(child, 'close');
  await expectItWorks(url);
  expect(await dropped(url)).toBeGreaterThan(0);
  child.kill('SIGTERM');
  expect(await closed).toEqual([0, null]);
});

test.concurrent('a closed pipe stops nothing, whoever writes to it', async () => {
  const program = await startListening({
    KUBENURSE_CHECK_INTERVAL: '100ms',
    KUBENURSE_SHUTDOWN_DURATION: '0s',
    OTEL_METRICS_EXPORTER: 'prometheus,console',
    OTEL_METRIC_EXPORT_INTERVAL: '50',
  });
  program.child.stdout.destroy();
  await until('lines are dropped', 5_000, async () => (await dropped(program.url)) > 0);
  await expectItWorks(program.url);
  program.child.kill('SIGTERM');
  await once(program.child, 'exit');
  expect(program.child.exitCode).toBe(0);
});

test.concurrent('a pipe that nobody reads blocks neither checks nor responses nor the shutdown', async () => {
  const { env, url } = await settings();
  // The pipe is full (64 KiB, pipe(7)) before the program writes its first line.
  const script = '{ head -c 65536 /dev/zero; exec "$0" "$1"; } | { sleep 60; }';
  const shell = spawn('/bin/sh', ['-c', script, process.execPath, PROGRAM], {
    env: { ...env, OTEL_METRICS_EXPORTER: 'prometheus,console', OTEL_METRIC_EXPORT_INTERVAL: '5' },
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
  });
  opened.defer(() => {
    try {
      process.kill(-(shell.pid ?? NaN), 'SIGKILL');
    } catch {
      // It has ended.
    }
  });
  await expectItWorks(url);
  await until('lines are dropped', 20_000, async () => (await dropped(url)) > 0);
  await expectItWorks(url);
  process.kill(-(shell.pid ?? NaN), 'SIGTERM');
  await until('it has ended', 5_000, () =>
    httpGet(`${url}/ready`, 500).then(
      () => false,
      () => true,
    ),
  );
}, 40_000);

test.concurrent('malformed requests are logged in one line, not in one each', async () => {
  const program = await startListening({ KUBENURSE_SHUTDOWN_DURATION: '0s' });
  const { port } = new URL(program.url);
  for (let i = 0; i < 200; i++) {
    const socket = connect(Number(port), '127.0.0.1');
    socket.on('error', () => {}).resume();
    socket.end('GET http://[::1/alive HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    await once(socket, 'close');
  }
  const errors = program.stdout.all.filter((line) => line.includes('"level":"error"'));
  expect(errors.length).toBeLessThanOrEqual(1);
});
