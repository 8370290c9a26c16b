import { describe, expect, test } from 'vitest';
import { failure as failureOf } from '../../src/probes/failure.ts';
import type { Phase } from '../../src/probes/phases.ts';
import type { TcpInfo } from '../../src/probes/tcp-info.ts';
import { SILENT } from '../support/silent-connection.ts';

const url = new URL('https://user:secret@server.test:8443/path?token=secret');

function failure(phase: Phase, at: URL, error: unknown): Error {
  return failureOf({ phase, url: at, peer: undefined, error, tcp: undefined }).error;
}

function withCode(code: string): Error {
  return Object.assign(new Error(`syscall ${code} server.test`), { code });
}

describe('failure()', () => {
  test.each<[Phase, string]>([
    ['resolve', 'looking up server.test: it failed'],
    ['connect', 'connecting to server.test:8443: it failed'],
    ['handshake', 'TLS handshake with server.test:8443: it failed'],
    ['request', 'sending the request to server.test:8443: it failed'],
    ['response', 'waiting for the response of server.test:8443: it failed'],
  ])('names what was attempted, without secrets of the URL: %s', (phase, text) => {
    const cause = new Error('it failed');

    const error = failure(phase, url, cause);

    expect(error.message).toBe(text);
    expect(error.cause).toBe(cause);
  });

  test.each<[Phase, string, string]>([
    ['resolve', 'ENOTFOUND', 'no such name'],
    ['resolve', 'ENODATA', 'the name has no address'],
    ['resolve', 'ESERVFAIL', 'the name server failed'],
    ['resolve', 'EREFUSED', 'the name server refused the query'],
    ['resolve', 'ETIMEOUT', 'the name server did not respond'],
    ['resolve', 'ECONNREFUSED', 'no name server can be reached'],
    ['connect', 'ECONNREFUSED', 'connection refused'],
    ['connect', 'EHOSTUNREACH', 'no route to host'],
    ['connect', 'ENETUNREACH', 'network is unreachable'],
    ['connect', 'EADDRNOTAVAIL', 'no free local address or port'],
    ['connect', 'EMFILE', 'too many open files'],
    ['handshake', 'ECONNRESET', 'connection reset by peer'],
    ['request', 'EPIPE', 'connection closed by peer'],
    ['response', 'ECONNRESET', 'connection reset by peer'],
  ])('explains the code in words: %s, %s', (phase, code, words) => {
    expect(failure(phase, url, withCode(code)).message).toMatch(`: ${words} (${code})`);
  });

  test('truncates the error’s text after 300 characters', () => {
    const ofCertificate = Object.assign(new Error('x'), { reason: 'DNS:a, '.repeat(100) });

    const text = 'TLS handshake with server.test:8443: ';
    expect(failure('handshake', url, ofCertificate).message).toHaveLength(text.length + 300);
  });

  test("truncates a host, which may be a redirect's, after 253 characters, and keeps its port", () => {
    const long = new URL(`http://${'a'.repeat(60_000)}:8080/`);

    expect(failure('connect', long, withCode('ECONNREFUSED')).message).toBe(
      `connecting to ${'a'.repeat(253)}:8080: connection refused (ECONNREFUSED)`,
    );
    expect(failure('resolve', long, withCode('ENOTFOUND')).message).toBe(
      `looking up ${'a'.repeat(253)}: no such name (ENOTFOUND)`,
    );
  });

  test('replaces control characters with spaces', () => {
    const ofCertificate = new Error('Host: a is not in DNS:\u001b[31m\u009b31m\r\n\u007f.test');

    expect(failure('handshake', url, ofCertificate).message).toBe(
      'TLS handshake with server.test:8443: Host: a is not in DNS: [31m 31m .test',
    );
  });

  test('reports the text of an unknown error', () => {
    const ofOpenSsl = Object.assign(new Error('140:error:0A00010B:SSL routines::x:ssl.c:78:'), {
      code: 'ERR_SSL_X',
      reason: 'wrong version number',
    });

    expect(failure('handshake', url, ofOpenSsl).message).toMatch(
      /: the peer does not speak TLS \(wrong version number\)$/,
    );
    expect(failure('connect', url, withCode('EWHAT')).message).toMatch(
      /: syscall EWHAT server.test$/,
    );
  });

  test.each<[string, Partial<TcpInfo>, string]>([
    ['hung', {}, 'node-3 acknowledged every packet, but its program does not respond'],
    [
      'packets_lost',
      { segmentsUnacknowledged: 3 },
      'node-3 does not acknowledge what was sent: packets are lost',
    ],
    [
      'mtu',
      { segmentsUnacknowledged: 3, segmentsHeldByPeer: 1 },
      'small packets reach node-3, those with 1448 bytes do not: check the MTU',
    ],
    [
      'mtu',
      { segmentsReceivedOutOfOrder: 1 },
      'small packets come from node-3, full-size ones do not: check the MTU',
    ],
  ])('explains from the kernel’s counters why nothing arrived: %s', (cause, tcp, words) => {
    const error = new DOMException('no response within 6 s', 'TimeoutError');
    const attempt = { phase: 'response', url, peer: 'node-3', error } as const;

    expect(failureOf({ ...attempt, tcp: { ...SILENT, ...tcp } })).toMatchObject({
      cause,
      error: {
        message: `waiting for the response of server.test:8443: no response within 6 s: ${words}`,
      },
    });
  });
});
