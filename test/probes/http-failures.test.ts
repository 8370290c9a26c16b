import { describe, expect, test } from 'vitest';
import { until } from '../../lab/support/until.ts';
import { errorEvent } from '../../src/model.ts';
import { blackHole } from '../support/black-hole.ts';
import { closedPort } from '../support/closed-port.ts';
import { nameServer, resolverOf } from '../support/name-server.ts';
import {
  pour,
  reset,
  type Script,
  ScriptedServer,
  say,
  sayAndClose,
  sayAndReset,
} from '../support/scripted-server.ts';
import { checkUrl, events, failed, serving } from './check-once.ts';

describe('httpProbe() names the phase that failed: resolve', () => {
  const url = new URL('https://server.test:8443/');

  test.each([
    { fault: undefined, code: 'ENOTFOUND', words: 'no such name' },
    { fault: 'servfail', code: 'ESERVFAIL', words: 'the name server failed' },
  ] as const)('$words', async ({ fault, code, words }) => {
    const server = await nameServer();
    server.break(fault);

    const outcome = await checkUrl(url, { resolve: resolverOf([server]) });

    expect(failed(outcome)).toEqual({
      phase: 'resolve',
      text: `looking up server.test: ${words} (${code})`,
      cause: expect.objectContaining({ code }),
    });
    expect(events(outcome)).toEqual(['dns_start']);
  });
});

describe('httpProbe() names the phase that failed: connect', () => {
  test.each([
    ['http', '127.0.0.1'],
    ['https', '127.0.0.1'],
    ['http', '[::1]'],
  ])('%s to %s, where nobody listens', async (scheme, host) => {
    const port = await closedPort(host.replace(/[[\]]/g, ''));

    const outcome = await checkUrl(new URL(`${scheme}://${host}:${port}/`));

    expect(failed(outcome)).toEqual({
      phase: 'connect',
      text: `connecting to ${host}:${port}: connection refused (ECONNREFUSED)`,
      cause: expect.objectContaining({ code: 'ECONNREFUSED' }),
    });
    expect(events(outcome)).toEqual(['connect_start']);
  });
});

describe('httpProbe() names the phase that failed: response', () => {
  const closed = 'the connection was closed before the response';
  const wasReset = 'connection reset by peer (ECONNRESET)';
  const notHttp = 'the response is not HTTP/1';
  const tooMany = 'more than 16 informational responses (1xx)';
  const tooLong = 'the response head exceeds 204800 bytes';
  const cases: [title: string, script: Script, why: string][] = [
    ['it closes without a response', sayAndClose(''), closed],
    ['it resets without a response', sayAndReset(''), wasReset],
    ['it closes after half a status line', sayAndClose('HTTP/1.1 20'), closed],
    ['it resets after half a head', sayAndReset('HTTP/1.1 200 OK\r\nA: b\r\n'), wasReset],
    [
      'it closes after an informational response',
      sayAndClose('HTTP/1.1 100 Continue\r\n\r\n'),
      closed,
    ],
    ['it says something else', say('220 mail.test ESMTP\r\n'), notHttp],
    ['it says something else, and little', say('+'), notHttp],
    ['it speaks HTTP/2', say('HTTP/2 200 OK\r\n\r\n'), notHttp],
    ['its status is no number', say('HTTP/1.1 OK\r\n\r\n'), notHttp],
    ['its status is too short a number', say('HTTP/1.1 99 OK\r\n\r\n'), notHttp],
    ['its head is too long', say(`HTTP/1.1 200 OK\r\nA: ${'a'.repeat(210_000)}\r\n\r\n`), tooLong],
    ['its informational responses have no end', pour('HTTP/1.1 100 Continue\r\n\r\n'), tooMany],
    ['they come in large pieces', pour('HTTP/1.1 103 Early\r\n\r\n'.repeat(5_000)), tooMany],
    [
      'its head has no end',
      (socket, ...rest) => {
        socket.write('HTTP/1.1 200 OK\r\n');
        pour('A: b\r\n'.repeat(1_000))(socket, ...rest);
      },
      'the response head has more than 1000 lines',
    ],
  ];
  const table = cases.flatMap(([title, script, why]) =>
    ['http', 'https'].map((scheme) => ({ scheme, title, script, why })),
  );

  test.each(table)('$title ($scheme)', async ({ scheme, script, why }) => {
    const server = await ScriptedServer.start({
      ...(scheme === 'https' ? { tls: serving } : {}),
      script,
    });

    const outcome = await checkUrl(server.url());

    expect(failed(outcome)).toEqual({
      phase: 'response',
      text: `waiting for the response of ${server.url().host}: ${why}`,
      cause: expect.any(Error),
    });
    expect(events(outcome)).toEqual(expect.arrayContaining(['got_conn', 'wrote_request']));
    await until('the connection is closed', 2_000, () => server.open.size === 0);
    expect(server.accepted).toBe(1);
  });

  // A reset that arrives before the client notices that it is connected fails the phase `connect`.
  test.each([
    { scheme: 'http', phases: /^(connect|request|response)$/ },
    { scheme: 'https', phases: /^(request|response)$/ },
  ])('it resets a connection that it has just accepted ($scheme)', async ({ scheme, phases }) => {
    const server = await ScriptedServer.start({
      ...(scheme === 'https' ? { tls: serving } : {}),
      onConnection: reset,
    });

    const { phase, text } = failed(await checkUrl(server.url()));

    expect(phase).toMatch(phases);
    expect(text).toMatch(/: connection (reset|closed) by peer \((ECONNRESET|EPIPE)\)$/);
  });
});

describe('httpProbe() ends with the signal, in the current phase', () => {
  const silent = () => ScriptedServer.start({ script: () => {} });
  const reason = new Error('no response within the interval');

  test('resolve', async () => {
    const server = await nameServer();
    server.break('silent');
    const resolve = resolverOf([server]);
    const stop = new AbortController();
    const outcome = checkUrl(new URL('http://server.test/'), { resolve, signal: stop.signal });
    await until('the name server is queried', 2_000, () => server.queries.length > 0);

    stop.abort(reason);

    expect(failed(await outcome)).toEqual({
      phase: 'resolve',
      text: 'looking up server.test: no response within the interval',
      cause: reason,
    });
  });

  test('connect', async () => {
    const port = await blackHole('127.0.0.1');
    const stop = new AbortController();
    setImmediate(() => stop.abort(reason));

    const outcome = await checkUrl(new URL(`http://127.0.0.1:${port}/`), { signal: stop.signal });

    expect(failed(outcome)).toEqual({
      phase: 'connect',
      text: `connecting to 127.0.0.1:${port}: no response within the interval`,
      cause: reason,
    });
  });

  test.each([
    { phase: 'handshake', scheme: 'https', attempt: 'TLS handshake with' },
    { phase: 'response', scheme: 'http', attempt: 'waiting for the response of' },
  ])('$phase', async ({ phase, scheme, attempt }) => {
    const server = await silent();
    const { host } = server.url();
    const stop = new AbortController();
    const outcome = checkUrl(new URL(`${scheme}://${host}/`), { signal: stop.signal });
    await until('the server has heard something', 2_000, () =>
      [...server.open].some((socket) => socket.bytesRead > 0),
    );

    stop.abort(reason);

    expect(failed(await outcome)).toEqual({
      phase,
      text: `${attempt} ${host}: no response within the interval`,
      cause: reason,
    });
    await until('the connection is closed', 2_000, () => server.open.size === 0);
  });

  test('before it has begun', async () => {
    const server = await silent();

    const outcome = await checkUrl(server.url(), { signal: AbortSignal.abort(reason) });

    expect(failed(outcome)).toMatchObject({ phase: 'connect', cause: reason });
    expect(server.accepted).toBe(0);
  });
});

test('upstream fault: one failure is counted as two errors, or as none', async () => {
  const server = await ScriptedServer.start({ script: sayAndReset('') });

  const outcomes = await Promise.all(Array.from({ length: 20 }, () => checkUrl(server.url())));

  expect(outcomes.map(errorEvent)).toEqual(outcomes.map(() => 'round_trip_error'));
});
