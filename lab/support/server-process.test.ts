import { expect, onTestFinished, test } from 'vitest';
import { freePort, respondsWith200, ServerProcess } from './server-process.ts';
import { until } from './until.ts';

/** What a server in these tests runs; it prints `ready` when it listens. */
const LISTENING = `
  const server = require('node:http').createServer((request, response) => {
    response.statusCode = request.url === '/ready' ? 200 : 404;
    response.end();
  });
  server.listen(process.env.PORT, '127.0.0.1', () => console.log('ready'));`;

async function start(
  script: string,
  options: { ready?: (url: string) => Promise<boolean>; enter?: readonly string[] } = {},
): Promise<{ server: ServerProcess; url: string }> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const { ready = (base: string) => respondsWith200(`${base}/ready`), enter = [] } = options;
  const server = await ServerProcess.start(process.execPath, ['-e', script], {
    environment: { PORT: String(port) },
    enter,
    ready: () => ready(url),
  });
  onTestFinished(() => server.kill());
  return { server, url };
}

test('ServerProcess.start() resolves when the server is ready, and keeps what it writes', async () => {
  const { server, url } = await start(LISTENING);

  expect(await respondsWith200(`${url}/ready`)).toBe(true);
  expect(await respondsWith200(`${url}/else`)).toBe(false);
  expect(server.end).toBeUndefined();
  await until('it has written', 2_000, () => server.output === 'ready\n');
  await server.stop();
  expect(server.end).toBe('was ended by SIGTERM');
  expect(await respondsWith200(`${url}/ready`)).toBe(false);
});

test('ServerProcess.start() rejects with what was written by a server that ends', async () => {
  const script = `console.error('port taken'); process.exit(3);`;

  await expect(start(script)).rejects.toThrow(
    /did not start: ended with exit code 3; it wrote:\nport taken/,
  );
});

test('ServerProcess.start() rejects when there is no such program', async () => {
  const starting = ServerProcess.start('/no/such/program', [], { ready: () => false });

  await expect(starting).rejects.toThrow(/could not be started: spawn \/no\/such\/program ENOENT/);
});

test('ServerProcess.start() ends the server when the check of its readiness fails', async () => {
  const ready = async () => {
    throw new Error('who knows');
  };

  await expect(start(LISTENING, { ready })).rejects.toThrow(/did not start: who knows/);
});

test('ServerProcess.start() begins its command line with `enter`', async () => {
  const { server } = await start('console.log(process.env.ENTERED); setInterval(() => {}, 1000);', {
    enter: ['env', 'ENTERED=yes'],
    ready: async () => true,
  });

  await until('it has written', 2_000, () => server.output === 'yes\n');
});

test('ServerProcess.stop() ends a suspended server, and kill() one that ignores SIGTERM', async () => {
  const { server: suspended } = await start(LISTENING);
  suspended.signal('SIGSTOP');
  await suspended.stop();
  expect(suspended.end).toBe('was ended by SIGTERM');

  const stubborn = `process.on('SIGTERM', () => console.log('no')); ${LISTENING}`;
  const { server } = await start(stubborn);
  server.signal('SIGTERM');
  await until('it refuses', 2_000, () => server.output.includes('no'));
  expect(server.end).toBeUndefined();
  await server.kill();
  expect(server.end).toBe('was ended by SIGKILL');
});
