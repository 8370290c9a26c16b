import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../lab/support/until.ts';
import { ONLY_SERVING } from '../src/rate-limiter.ts';
import { startServer } from '../src/server.ts';
import { serving } from './probes/check-once.ts';

/** A server over HTTP and HTTPS, and functions that connect to each. */
async function serve() {
  const directory = await mkdtemp(join(tmpdir(), 'kubenurse-kept-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const [certFile, keyFile] = [join(directory, 'tls.crt'), join(directory, 'tls.key')];
  await writeFile(certFile, serving.certificate);
  await writeFile(keyFile, serving.key);
  const server = await startServer({
    ...{ address: '127.0.0.1', port: 0, tls: { port: 0, certFile, keyFile } },
    pages: {},
    serving: ONLY_SERVING,
    onError: () => {},
  });
  onTestFinished(() => server.close());
  return {
    http: async () => connected(connect(server.http.port, '127.0.0.1'), 'connect'),
    https: async () => {
      const options = { host: '127.0.0.1', port: server.https?.port, rejectUnauthorized: false };
      return connected(connectTls(options), 'secureConnect');
    },
  };
}

async function connected<T extends Socket>(socket: T, event: string): Promise<T> {
  onTestFinished(() => void socket.destroy());
  await once(socket, event);
  return socket.resume().on('error', () => {});
}

test.each(['http', 'https'] as const)(
  'over %s, a connection that has just received a request is not the first to be closed for a new one',
  async (protocol) => {
    const { [protocol]: open } = await serve();
    const kept: Socket[] = [];
    for (let i = 0; i < 50; i += 1) kept.push(await open());
    const [used, idle] = kept;
    used?.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await once(used as Socket, 'data');
    await open();
    await until('one is closed', 5_000, () => kept.some(({ closed }) => closed));
    expect([used?.closed, idle?.closed]).toEqual([false, true]);
  },
);
