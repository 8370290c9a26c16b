import { expect, test } from 'vitest';
import type { Cause } from '../../src/model.ts';
import { causeOf } from '../../src/probes/cause.ts';
import { ClosedError } from '../../src/probes/exchange.ts';
import type { Phase } from '../../src/probes/phases.ts';
import type { TcpInfo } from '../../src/probes/tcp-info.ts';
import { SILENT } from '../support/silent-connection.ts';

const TIMEOUT = new DOMException('no response within 6 s', 'TimeoutError');

function withCode(code: string): Error {
  return Object.assign(new Error('it failed'), { code });
}

test.each<[Phase, string, Cause]>([
  ['resolve', 'ENOTFOUND', 'dns'],
  ['resolve', 'ECONNREFUSED', 'dns'],
  ['connect', 'ECONNREFUSED', 'refused'],
  ['connect', 'EHOSTUNREACH', 'unreachable'],
  ['connect', 'ENETUNREACH', 'unreachable'],
  ['connect', 'EMFILE', 'other'],
  ['handshake', 'ECONNRESET', 'reset'],
  ['handshake', 'CERT_HAS_EXPIRED', 'tls'],
  ['request', 'EPIPE', 'reset'],
  ['response', 'ECONNRESET', 'reset'],
  ['response', 'ETIMEDOUT', 'unreachable'],
  ['response', 'HPE_INVALID', 'other'],
])('causeOf() depends on phase and code: %s, %s is %s', (phase, code, cause) => {
  expect(causeOf({ phase, error: withCode(code), tcp: undefined })).toBe(cause);
});

test('causeOf() treats a connection that the peer closed as a reset', () => {
  expect(causeOf({ phase: 'response', error: new ClosedError(), tcp: undefined })).toBe('reset');
});

// The kernel's counters in each case were measured between two network namespaces.
test.each<[string, Phase, Partial<TcpInfo> | undefined, Cause]>([
  ['there is no reply to the SYN', 'connect', { isEstablished: false }, 'unreachable'],
  ['the kernel cannot be queried', 'response', undefined, 'other'],
  ['the program is suspended', 'response', {}, 'hung'],
  ['the program accepts and is silent in TLS', 'handshake', {}, 'hung'],
  ['all data is dropped', 'response', { segmentsUnacknowledged: 3 }, 'packets_lost'],
  [
    'packets above 1,000 bytes are dropped on the way there',
    'response',
    { segmentsUnacknowledged: 3, segmentsHeldByPeer: 1 },
    'mtu',
  ],
  ['and on the way back', 'response', { segmentsReceivedOutOfOrder: 1 }, 'mtu'],
  [
    'packets came in another order, and later none',
    'response',
    { segmentsReceivedOutOfOrder: 1, bytesReceived: 3_000 },
    'hung',
  ],
])('causeOf() tells silences apart: %s', (_, phase, tcp, cause) => {
  const info = tcp && { ...SILENT, ...tcp };
  expect(causeOf({ phase, error: TIMEOUT, tcp: info })).toBe(cause);
});
