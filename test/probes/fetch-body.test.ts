import { createSecureContext } from 'node:tls';
import { expect, test } from 'vitest';
import { createFetchBody } from '../../src/probes/fetch-body.ts';
import { closedPort } from '../support/closed-port.ts';
import { pour, type Script, ScriptedServer, say, sayAndClose } from '../support/scripted-server.ts';
import { authority, serving } from './check-once.ts';

const LIMIT_MS = 300;
const MAX_BODY = 100_000;

const secureContext = createSecureContext({ ca: authority.certificate });

const fetchBody = createFetchBody({
  resolve: async () => ['127.0.0.1'],
  secureContext: () => secureContext,
  insecure: false,
  userAgent: 'test/1',
});

function response(body: string, status = '200 OK') {
  return `HTTP/1.1 ${status}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

async function fetchFrom(url: URL) {
  const fetched = await fetchBody(url, 'node-7', AbortSignal.timeout(LIMIT_MS), MAX_BODY);
  return 'body' in fetched ? fetched.body.toString() : fetched;
}

/** Sends the text in this many pieces. */
function inPieces(text: string, pieces: number): Script {
  return (socket) => {
    const size = Math.ceil(text.length / pieces);
    const next = (at: number) => {
      if (at < text.length) socket.write(text.slice(at, at + size), () => next(at + size));
    };
    next(0);
  };
}

/** A body whose pieces differ. */
const BODY = '1234567'.repeat(MAX_BODY / 7).padEnd(MAX_BODY, 'x');

test.each<[what: string, script: Script, body: string]>([
  ['at once', say(response('{}')), '{}'],
  ['in many pieces', inPieces(response(BODY), 50), BODY],
  ['with more behind it', say(`${response('{}')}more`), '{}'],
])('createFetchBody() returns a body that arrives %s', async (_, script, body) => {
  const server = await ScriptedServer.start({ script });
  expect(await fetchFrom(server.url('/report?hour=failures'))).toBe(body);
  expect(server.requests).toEqual([
    expect.stringMatching(
      /^GET \/report\?hour=failures HTTP\/1\.1\r\nHost: .*\r\nConnection: close\r\nUser-Agent: test\/1$/,
    ),
  ]);
});

test('createFetchBody() verifies the certificate of a server over HTTPS', async () => {
  const server = await ScriptedServer.start({ tls: serving, script: say(response('{}')) });
  expect(await fetchFrom(server.url())).toBe('{}');
  const untrusting = createFetchBody({
    resolve: async () => [],
    secureContext: () => createSecureContext({ ca: [] }),
    insecure: false,
    userAgent: 'test/1',
  });
  const signal = AbortSignal.timeout(LIMIT_MS);
  expect(await untrusting(server.url(), 'node-7', signal, MAX_BODY)).toMatchObject({
    cause: 'tls',
  });
});

test.each<[what: string, script: Script, cause: string, text: string | RegExp]>([
  ['a status', say(response('', '404 Whatever')), 'status', '404 Not Found'],
  ['a redirect', say(response('', '302 Found\r\nLocation: /')), 'status', '302 Found'],
  [
    'a body that is too long',
    say(response(`${BODY}x`)),
    'status',
    'the response exceeds 100000 bytes',
  ],
  [
    'an endless body',
    pour(`HTTP/1.1 200 OK\r\n\r\n${BODY}`),
    'status',
    'the response has no Content-Length',
  ],
  [
    'half a body',
    sayAndClose('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'),
    'reset',
    /the connection was closed before the response$/,
  ],
  ['what is not HTTP', sayAndClose('SSH-2.0\r\n'), 'other', /the response is not HTTP\/1$/],
  [
    'half a body and no more',
    say('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'),
    'other',
    /^waiting for the response of 127\.0\.0\.1/,
  ],
  ['nothing', () => {}, 'other', /^waiting for the response of 127\.0\.0\.1/],
])('createFetchBody() names the cause of %s', async (_, script, cause, text) => {
  const server = await ScriptedServer.start({ script });
  expect(await fetchFrom(server.url())).toMatchObject({
    cause,
    text: typeof text === 'string' ? text : expect.stringMatching(text),
  });
  // No connection is left.
  await expect.poll(() => server.open.size).toBe(0);
});

test('createFetchBody() names a refused connection', async () => {
  const url = new URL(`http://127.0.0.1:${await closedPort('127.0.0.1')}/`);
  expect(await fetchFrom(url)).toMatchObject({ cause: 'refused' });
});
