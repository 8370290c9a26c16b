import type { Socket } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { until } from '../../lab/support/until.ts';
import { IdleConnections } from '../../src/probes/idle-connections.ts';
import {
  OK,
  reset,
  type Script,
  ScriptedServer,
  say,
  sayAndClose,
} from '../support/scripted-server.ts';
import { checkUrl, events, failed, serving } from './check-once.ts';

const REUSED = ['got_conn', 'wrote_request', 'got_first_resp_byte'];

function idleConnections(): IdleConnections {
  const idle = new IdleConnections();
  onTestFinished(() => idle.close());
  return idle;
}

describe('httpProbe() with kept connections', () => {
  test.each([
    { scheme: 'http', tls: undefined },
    { scheme: 'https', tls: serving },
  ])('reuses the same one, which requires only the request ($scheme)', async ({ tls }) => {
    const server = await ScriptedServer.start(tls ? { tls } : {});
    const idle = idleConnections();
    const url = server.url('/', 'server.test');

    const first = await checkUrl(url, { idle });
    const second = await checkUrl(url, { idle });
    const third = await checkUrl(url, { idle });

    expect([first.kind, second.kind, third.kind]).toEqual(['ok', 'ok', 'ok']);
    expect(events(first)).toContain('connect_done');
    expect(events(second)).toEqual(REUSED);
    expect(events(third)).toEqual(REUSED);
    expect(server.accepted).toBe(1);
    expect(server.requests[0]).toContain('\r\nConnection: keep-alive');
  });

  test('keeps them after a response of any status', async () => {
    const server = await ScriptedServer.start({
      script: say('HTTP/1.1 503 Away\r\nContent-Length: 0\r\n\r\n'),
    });
    const idle = idleConnections();

    await checkUrl(server.url(), { idle });
    const again = await checkUrl(server.url(), { idle });

    expect(again).toMatchObject({ kind: 'failed', code: '503' });
    expect(events(again)).toEqual(REUSED);
  });

  test('keeps one for each origin', async () => {
    const server = await ScriptedServer.start();
    const idle = idleConnections();
    const origins = [server.url(), server.url('/', 'server.test'), server.url('/', 'other.test')];

    for (const url of [...origins, ...origins]) await checkUrl(url, { idle });

    expect(server.accepted).toBe(3);
  });

  test('opens as many as it needs at once, and keeps one of them', async () => {
    const server = await ScriptedServer.start();
    const idle = idleConnections();

    await Promise.all(Array.from({ length: 5 }, () => checkUrl(server.url(), { idle })));

    expect(server.accepted).toBe(5);
    await until('one is left', 2_000, () => server.open.size === 1);
  });

  test.each([
    { what: 'no length', response: 'HTTP/1.1 200 OK\r\n\r\n' },
    {
      what: 'more of the body to come',
      response: 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok',
    },
    { what: 'more than its length', response: 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nok' },
    {
      what: 'chunks',
      response: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    },
    {
      what: 'chunks and a length',
      response: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n',
    },
    {
      what: 'the wish to close',
      response: 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nconnection: Close\r\n\r\n',
    },
  ])('does not reuse one after a response with $what', async ({ response }) => {
    const server = await ScriptedServer.start({ script: say(response) });
    const idle = idleConnections();

    const first = await checkUrl(server.url(), { idle });
    await until('the connection is closed', 2_000, () => server.open.size === 0);
    const second = await checkUrl(server.url(), { idle });

    expect([first.kind, second.kind]).toEqual(['ok', 'ok']);
    expect(events(second)).toContain('connect_done');
    expect(server.accepted).toBe(2);
  });

  test('keeps at most 50 connections to targets of redirects', async () => {
    let hops = 0;
    const server = await ScriptedServer.start({
      script: (socket, request) => {
        const to = `http://h${hops++}.test:${server.port}/`;
        const redirected = `HTTP/1.1 302 Found\r\nLocation: ${to}\r\nContent-Length: 0\r\n\r\n`;
        socket.write(request.startsWith('GET /start ') ? redirected : OK);
      },
    });
    const idle = idleConnections();

    for (let i = 0; i < 60; i++) {
      expect(await checkUrl(server.url('/start'), { idle })).toMatchObject({ kind: 'ok' });
    }

    await until('51 are left', 2_000, () => server.open.size === 51);
    // The connection to the target itself is still kept.
    expect(server.accepted).toBe(61);
  });

  test('follows redirects over them', async () => {
    const server = await ScriptedServer.start({
      script: (socket, request) =>
        void socket.write(
          request.startsWith('GET /there ')
            ? OK
            : 'HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n',
        ),
    });

    const outcome = await checkUrl(server.url(), { idle: idleConnections() });

    expect(outcome.kind).toBe('ok');
    expect(events(outcome)).toEqual(REUSED);
    expect(server.accepted).toBe(1);
  });
});

describe('httpProbe() does not treat it as an error that the server closes a kept connection', () => {
  const onSecond =
    (act: (socket: Socket) => void): Script =>
    (socket, _, nth) => {
      if (nth === 1) socket.write(OK);
      else act(socket);
    };
  const tls = [
    ['http', undefined],
    ['https', serving],
  ] as const;

  test.each(tls)('while it is idle (%s)', async (_, tls) => {
    const server = await ScriptedServer.start({ script: sayAndClose(OK), ...(tls ? { tls } : {}) });
    const idle = idleConnections();

    await checkUrl(server.url(), { idle });
    await until('the connection is closed', 2_000, () => server.open.size === 0);
    const again = await checkUrl(server.url(), { idle });

    expect(again.kind).toBe('ok');
    expect(events(again)).toContain('connect_done');
  });

  const ends: [string, (socket: Socket) => void][] = [
    ['closes', (socket) => void socket.end()],
    ['resets', reset],
  ];
  test.each(
    tls.flatMap(([scheme, tls]) => ends.map(([what, act]) => ({ what, act, scheme, tls }))),
  )('just as it is used: it $what ($scheme)', async ({ act, tls }) => {
    const server = await ScriptedServer.start({ script: onSecond(act), ...(tls ? { tls } : {}) });
    const idle = idleConnections();

    await checkUrl(server.url(), { idle });
    const again = await checkUrl(server.url(), { idle });

    expect(again.kind).toBe('ok');
    expect(events(again)).toContain('connect_done');
    expect(Object.keys(again.timings)[0]).toBe('connect_start');
    expect(server.accepted).toBe(2);
  });

  test('at the same moment, before the client notices', async () => {
    const server = await ScriptedServer.start({ script: sayAndClose(OK) });
    const idle = idleConnections();

    for (let i = 0; i < 20; i++)
      expect(await checkUrl(server.url(), { idle })).toMatchObject({ kind: 'ok' });
  });

  test('unless the response has begun', async () => {
    const server = await ScriptedServer.start({
      script: onSecond((socket) => void socket.end('HTTP/1.1 2')),
    });
    const idle = idleConnections();

    await checkUrl(server.url(), { idle });

    expect(failed(await checkUrl(server.url(), { idle }))).toMatchObject({
      phase: 'response',
      text: expect.stringMatching(/: the connection was closed before the response$/),
    });
    expect(server.accepted).toBe(1);
  });

  test('unless no new connection can be established', async () => {
    const server = await ScriptedServer.start({ script: onSecond(reset) });
    const idle = idleConnections();
    const url = server.url('/', 'server.test');

    await checkUrl(url, { idle });
    const again = await checkUrl(url, {
      idle,
      resolve: () => Promise.reject(Object.assign(new Error('x'), { code: 'ENOTFOUND' })),
    });

    expect(failed(again).phase).toBe('resolve');
    expect(events(again)).toEqual(['dns_start']);
  });

  test('and does not retry when the signal has aborted', async () => {
    const reason = new Error('no response within the interval');
    const stop = new AbortController();
    const server = await ScriptedServer.start({ script: onSecond(() => stop.abort(reason)) });
    const idle = idleConnections();

    await checkUrl(server.url(), { idle });
    const { phase, cause } = failed(await checkUrl(server.url(), { idle, signal: stop.signal }));

    expect({ phase, cause }).toEqual({ phase: 'response', cause: reason });
    expect(server.accepted).toBe(1);
    await until('the connection is closed', 2_000, () => server.open.size === 0);
  });
});
