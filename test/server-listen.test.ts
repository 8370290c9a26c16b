import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect, createServer } from 'node:net';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Page } from '../src/pages/page.ts';
import { ONLY_SERVING } from '../src/rate-limiter.ts';
import { startServer } from '../src/server.ts';
import { sendBytes } from './support/served-pages.ts';

const OPTIONS = {
  address: '127.0.0.1',
  port: 0,
  tls: undefined,
  pages: {},
  onError: () => {},
  serving: ONLY_SERVING,
};

/** A port that is taken until the test has finished. */
async function takenPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => server[Symbol.asyncDispose]());
  await once(server, 'listening');
  return (server.address() as { port: number }).port;
}

/** Whether a server listens there. */
function isListening(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}

describe('startServer() listens', () => {
  test.each([
    { address: '127.0.0.1', reached: ['127.0.0.1'], refused: ['127.0.0.2', '::1'] },
    { address: '::1', reached: ['::1'], refused: ['127.0.0.1'] },
    { address: '::', reached: ['127.0.0.1', '127.0.0.2', '::1'], refused: [] },
    { address: undefined, reached: ['127.0.0.1', '127.0.0.2', '::1'], refused: [] },
  ])('at $address', async ({ address, reached, refused }) => {
    const server = await startServer({ ...OPTIONS, address });
    onTestFinished(() => server.close());
    const { port } = server.http;
    for (const host of reached) expect([host, await isListening(port, host)]).toEqual([host, true]);
    for (const host of refused) {
      expect([host, await isListening(port, host)]).toEqual([host, false]);
    }
    expect(server.https).toBeUndefined();
  });

  test('upstream fault: a failed listen does not end the process: reports which port is in use', async () => {
    const port = await takenPort();
    await expect(startServer({ ...OPTIONS, port })).rejects.toThrow(
      `cannot listen on 127.0.0.1 port ${port}: listen EADDRINUSE: address already in use`,
    );
    await expect(startServer({ ...OPTIONS, port, address: undefined })).rejects.toThrow(
      `cannot listen on port ${port}: listen EADDRINUSE`,
    );
  });

  test('reports which address the host does not have', async () => {
    await expect(startServer({ ...OPTIONS, address: '192.0.2.1', port: 8080 })).rejects.toThrow(
      'cannot listen on 192.0.2.1 port 8080: listen EADDRNOTAVAIL',
    );
  });

  test('nowhere, when the certificate is missing', async () => {
    const port = await takenPort();
    const free = createServer().listen(0, '127.0.0.1');
    await once(free, 'listening');
    const httpPort = (free.address() as { port: number }).port;
    await free[Symbol.asyncDispose]();
    const tls = { port, certFile: '/nowhere/cert.pem', keyFile: '/nowhere/key.pem' };
    await expect(startServer({ ...OPTIONS, port: httpPort, tls })).rejects.toThrow(
      'cannot use the certificate /nowhere/cert.pem with the key /nowhere/key.pem: ENOENT',
    );
    expect(await isListening(httpPort)).toBe(false);
  });
});

describe('close()', () => {
  /** A server whose page responds only after `respond()`. */
  async function startSlow() {
    const requested = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    const slow: Page = async (context) => {
      requested.resolve();
      await go.promise;
      context.body = 'at last';
    };
    const server = await startServer({ ...OPTIONS, pages: { '/slow': slow } });
    onTestFinished(() => server.close());
    return { server, port: server.http.port, requested: requested.promise, respond: go.resolve };
  }

  const SLOW = 'GET /slow HTTP/1.1\r\nHost: kubenurse\r\n\r\n';

  test('gives pending responses a moment, and accepts no more connections', async () => {
    const { server, port, requested, respond } = await startSlow();
    const received = sendBytes(port, SLOW);
    await requested;
    const closed = server.close();
    expect(await isListening(port)).toBe(false);
    respond();
    expect(await received).toMatch(/^HTTP\/1.1 200 OK[\s\S]*at last$/);
    await closed;
  });

  test('closes connections without a response after a second', async () => {
    const { server, port, requested } = await startSlow();
    const received = sendBytes(port, SLOW);
    await requested;
    const begin = performance.now();
    await server.close();
    expect(await received).toBe('');
    expect(performance.now() - begin).toBeGreaterThan(900);
  });

  test('does not wait for clients that keep their connection or have yet to send a request', async () => {
    const server = await startServer({ ...OPTIONS, pages: { '/': () => {} } });
    const { port } = server.http;
    const agent = new Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    const [response] = await once(request({ host: '127.0.0.1', port, agent }).end(), 'response');
    response.resume();
    const silent = connect({ host: '127.0.0.1', port });
    await once(silent, 'connect');
    // The second that responses in flight are given does not pass.
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    await Promise.all([server.close(), once(silent, 'close')]);
    expect(await isListening(port)).toBe(false);
  });
});
