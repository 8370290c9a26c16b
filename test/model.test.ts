import { describe, expect, test } from 'vitest';
import {
  errorEvent,
  type Outcome,
  type Phase,
  possibleErrorEvents,
  resultText,
} from '../src/model.ts';
import { failed, fakeCheck, ok, unexpectedStatus } from './support/fake-check.ts';

describe('errorEvent()', () => {
  test.each<[Phase, string]>([
    ['resolve', 'dns_done'],
    ['connect', 'connect_done'],
    ['handshake', 'tls_handshake_done'],
    ['request', 'wrote_request'],
    ['response', 'round_trip_error'],
  ])('names the event that failed in the phase %s', (phase, event) => {
    expect(errorEvent(failed(phase))).toBe(event);
  });

  test('names a status that was not expected', () => {
    expect(errorEvent(unexpectedStatus(503))).toBe('status_code_503');
  });

  test('has none for an ok outcome', () => {
    expect(errorEvent(ok())).toBeUndefined();
  });
});

describe('possibleErrorEvents()', () => {
  test.each([
    ['http://kubenurse:8080/', 'dns_done connect_done wrote_request round_trip_error'],
    ['http://10.0.0.1:8080/', 'connect_done wrote_request round_trip_error'],
    ['http://[fd00::1]:8080/', 'connect_done wrote_request round_trip_error'],
    [
      'https://kubenurse/',
      'dns_done connect_done tls_handshake_done wrote_request round_trip_error',
    ],
    ['https://10.0.0.1/', 'connect_done tls_handshake_done wrote_request round_trip_error'],
    ['https://[::1]:8443/', 'connect_done tls_handshake_done wrote_request round_trip_error'],
    ['http://1.example/', 'dns_done connect_done wrote_request round_trip_error'],
  ])('of %s are those that it can come to', (url, events) => {
    expect(possibleErrorEvents(fakeCheck('a', { url })).join(' ')).toBe(events);
  });

  test('has the statuses that the target is known to give', () => {
    const events = possibleErrorEvents(fakeCheck('a', { knownStatuses: [404, 503] }));
    expect(events.slice(-2)).toEqual(['status_code_404', 'status_code_503']);
  });
});

test.each<[string, Outcome]>([
  ['ok', ok()],
  ['503 Service Unavailable', unexpectedStatus(503, 'Service Unavailable')],
  ['599', unexpectedStatus(599)],
  ['connecting to 10.0.0.1: refused', failed('connect', 'connecting to 10.0.0.1: refused')],
])('resultText() says "%s"', (text, outcome) => {
  expect(resultText(outcome)).toBe(text);
});
