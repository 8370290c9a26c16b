import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { until } from '../../lab/support/until.ts';
import { ApiError, apiRequest, readBody } from '../../src/kubernetes/api-request.ts';
import { startApiServer, startScriptedServer, useKubeconfig } from '../support/api-server.ts';

const NODES = '/api/v1/nodes';

afterEach(() => void vi.useRealTimers());

/**
 * Stops the clock of `setTimeout`, which only `vi.advanceTimersByTime` advances. Sockets and
 * `until` keep working.
 */
function stopTimers(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
}

/** The error of a request to a server that responds like this. */
async function errorOf(
  status: number,
  body: string | object,
  headers: Record<string, string> = {},
): Promise<ApiError> {
  await startScriptedServer((_, response) => {
    response.writeHead(status, headers);
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  const error = await apiRequest(NODES, {}, AbortSignal.timeout(5_000)).catch((error) => error);
  expect(error).toBeInstanceOf(ApiError);
  return error;
}

test('apiRequest() sends the query, the user agent, and accepted types', async () => {
  const seen: IncomingMessage[] = [];
  await startScriptedServer((request, response) => {
    seen.push(request);
    response.end('{}');
  }, '/behind/a/prefix/');
  const query = { labelSelector: 'app=a b,c!=d&e', limit: '100' };
  const response = await apiRequest(NODES, query, AbortSignal.timeout(5_000), {
    accept: 'application/yaml',
  });

  expect(await readBody(response, 10)).toBe('{}');
  const [request] = seen;
  const url = new URL(request?.url ?? '', 'http://a');
  expect(url.pathname).toBe('/behind/a/prefix/api/v1/nodes');
  expect(Object.fromEntries(url.searchParams)).toEqual(query);
  expect(request).toMatchObject({
    method: 'GET',
    headers: { accept: 'application/yaml', 'user-agent': 'kubenurse' },
  });
  // It would be sent in the clear.
  expect(request?.headers).not.toHaveProperty('authorization');
});

test('apiRequest() makes TCP keep-alive probe a connection that is silent for 15 s', async () => {
  const setKeepAlive = vi.spyOn(Socket.prototype, 'setKeepAlive');
  onTestFinished(() => setKeepAlive.mockRestore());
  await startApiServer();
  await (await apiRequest(NODES, {}, AbortSignal.timeout(5_000))).toArray();
  expect(setKeepAlive).toHaveBeenCalledWith(true, 15_000);
});

test('apiRequest() sends requests only to a server whose certificate the cluster’s CA signed', async () => {
  const { server } = await startApiServer();
  await useKubeconfig({ cluster: { server: server.url.origin }, user: { token: 'secret' } });
  await expect(apiRequest(NODES, {}, AbortSignal.timeout(5_000))).rejects.toThrow(/certificate/);
  expect(server.requests).toEqual([]);
});

test('apiRequest() rejects with the message of the Status, and the status', async () => {
  const { server } = await startApiServer();
  server.forbid(['nodes']);
  await expect(apiRequest(NODES, {}, AbortSignal.timeout(5_000))).rejects.toMatchObject({
    status: 403,
    message:
      'the API server responded with 403: nodes is forbidden: User "kubenurse" cannot list ' +
      'resource "nodes" in API group "" at the cluster scope',
  });
});

test.each([
  { kind: 'no JSON', body: '<html>' },
  { kind: 'nothing', body: '' },
  { kind: 'null', body: 'null' },
  { kind: 'JSON without a message', body: { message: 7 } },
  { kind: 'too much', body: { message: 'x'.repeat(70_000) } },
])('apiRequest() falls back to the status line if the body is $kind', async ({ body }) => {
  const error = await errorOf(503, body);
  expect(error.message).toBe('the API server responded with 503: Service Unavailable');
});

test('apiRequest() shows no more than 300 characters of a message', async () => {
  const error = await errorOf(500, { message: 'x'.repeat(5_000) });
  expect(error.message).toBe(`the API server responded with 500: ${'x'.repeat(300)}`);
});

test.each([
  ['7', 7],
  ['0', 0],
  ['-1', undefined],
  ['Fri, 31 Dec 1999 23:59:59 GMT', undefined],
])('apiRequest() reads Retry-After %s as %s seconds', async (value, seconds) => {
  expect(await errorOf(429, '', { 'retry-after': value })).toMatchObject({
    status: 429,
    retryAfter: seconds,
  });
});

test('apiRequest() follows no redirect', async () => {
  const error = await errorOf(302, '', { location: 'http://127.0.0.1:1/' });
  expect(error.status).toBe(302);
});

test('apiRequest() gives up on a server whose response does not begin within 10 s', async () => {
  stopTimers();
  let requested = false;
  await startScriptedServer(() => {
    requested = true;
  });
  const result = apiRequest(NODES, {}, new AbortController().signal);
  await until('it is requested', 2_000, () => requested);
  vi.advanceTimersByTime(9_999);
  expect(vi.getTimerCount()).toBe(1);
  vi.advanceTimersByTime(1);
  await expect(result).rejects.toThrow('no response from the API server within 10 s');
});

test('apiRequest() gives up on the body of an error that does not end within 10 s', async () => {
  stopTimers();
  let responded = false;
  await startScriptedServer((_, response) => {
    response.writeHead(500);
    response.write('{"message":', () => {
      responded = true;
    });
  });
  const result = apiRequest(NODES, {}, new AbortController().signal);
  await until('the body begins', 2_000, () => responded);
  // In steps, so that the head has arrived when its time is up.
  await until('it is given up', 5_000, () => {
    vi.advanceTimersByTime(250);
    return vi.getTimerCount() === 0;
  });
  await expect(result).rejects.toThrow('the API server responded with 500: Internal Server Error');
});

test.each([
  { when: 'before it is requested', wait: false, respond: () => {} },
  { when: 'before the response', wait: true, respond: () => {} },
  {
    when: 'amid an error',
    wait: true,
    respond: (response: ServerResponse) => {
      response.writeHead(500);
      response.write('{');
    },
  },
])('apiRequest() ends with its signal, $when, and leaves no timer', async ({ wait, respond }) => {
  stopTimers();
  let requested = false;
  await startScriptedServer((_, response) => {
    requested = true;
    respond(response);
  });
  const stop = new AbortController();
  const ended = apiRequest(NODES, {}, stop.signal).catch((error) => error);
  if (wait) await until('it is requested', 2_000, () => requested);
  stop.abort(new Error('stopped'));

  expect(((await ended) as Error).message).toMatch(/stopped|responded with 500/);
  expect(vi.getTimerCount()).toBe(0);
});

test('apiRequest() leaves no timer after a response, nor when it cannot send', async () => {
  stopTimers();
  await startScriptedServer((_, response) => void response.end('{}'));
  await (await apiRequest(NODES, {}, new AbortController().signal)).toArray();
  expect(vi.getTimerCount()).toBe(0);

  const cluster = { server: 'https://127.0.0.1:1' };
  await useKubeconfig({ cluster, user: { token: 'two\nlines' } });
  await expect(apiRequest(NODES, {}, new AbortController().signal)).rejects.toThrow(
    'contains a line break',
  );
  expect(vi.getTimerCount()).toBe(0);
});

test('apiRequest() cuts off a response in progress when its signal aborts', async () => {
  let closed: Promise<unknown> | undefined;
  await startScriptedServer((_, response) => {
    closed = once(response, 'close');
    response.write('{');
  });
  const stop = new AbortController();
  const response = await apiRequest(NODES, {}, stop.signal);
  const body = readBody(response, 100);
  stop.abort(new Error('stopped'));
  await expect(body).rejects.toThrow('stopped');
  await closed;
});

test('readBody() rejects when the response is too long, and closes it', async () => {
  await startScriptedServer((_, response) => void response.write('x'.repeat(101)));
  const response = await apiRequest(NODES, {}, AbortSignal.timeout(5_000));
  await expect(readBody(response, 100)).rejects.toThrow('exceeds 100 bytes');
  expect(response.destroyed).toBe(true);
});

test('readBody() rejects when the response breaks off', async () => {
  await startScriptedServer((_, response) => {
    response.writeHead(200, { 'content-length': 100 });
    response.write('x', () => response.destroy());
  });
  const response = await apiRequest(NODES, {}, AbortSignal.timeout(5_000));
  await expect(readBody(response, 100)).rejects.toThrow('aborted');
});

describe('readBody(), if the response is compressed with gzip,', () => {
  const packed = (bytes: Buffer) =>
    startScriptedServer((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bytes);
    });
  const read = async (most: number) =>
    readBody(await apiRequest(NODES, {}, AbortSignal.timeout(5_000)), most);

  test('unpacks it', async () => {
    await packed(gzipSync('x'.repeat(1_000)));
    expect(await read(1_000)).toBe('x'.repeat(1_000));
  });

  test('limits the size of what is unpacked', async () => {
    await packed(gzipSync('x'.repeat(10_000_000)));
    await expect(read(1_000_000)).rejects.toThrow('exceeds 1000000 bytes');
  });

  test.each([
    { kind: 'that breaks off', bytes: gzipSync('x'.repeat(1_000)).subarray(0, 20) },
    { kind: 'that is invalid', bytes: Buffer.from('{}') },
  ])('rejects gzip $kind', async ({ bytes }) => {
    await packed(bytes);
    await expect(read(1_000)).rejects.toThrow(/unexpected end|incorrect header/);
  });

  test('rejects when the connection breaks off', async () => {
    await startScriptedServer((_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': 100 });
      response.write(gzipSync('x').subarray(0, 5), () => response.destroy());
    });
    await expect(read(1_000)).rejects.toThrow('aborted');
  });
});
