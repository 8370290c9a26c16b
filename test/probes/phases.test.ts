import { describe, expect, test } from 'vitest';
import { httpTraits } from '../../src/probes/http.ts';
import { errorEventOf, type Phase } from '../../src/probes/phases.ts';

test.each<[Phase, string]>([
  ['resolve', 'dns_done'],
  ['connect', 'connect_done'],
  ['handshake', 'tls_handshake_done'],
  ['request', 'wrote_request'],
  ['response', 'round_trip_error'],
])('errorEventOf() names the event that failed in the phase %s', (phase, event) => {
  expect(errorEventOf(phase)).toBe(event);
});

describe('httpTraits()', () => {
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
  ])('has the error events that a check of %s can end with', (url, events) => {
    expect(httpTraits(new URL(url), []).errorEvents.join(' ')).toBe(events);
  });

  test.each([
    ['http://10.0.0.1/', 'unreachable refused packets_lost mtu hung reset status other'],
    ['http://kubenurse/', 'unreachable refused packets_lost mtu hung reset dns status other'],
    ['https://10.0.0.1/', 'unreachable refused packets_lost mtu hung reset tls status other'],
    ['https://a.example/', 'unreachable refused packets_lost mtu hung reset dns tls status other'],
  ])('has the causes that a failure of %s can have', (url, causes) => {
    expect(httpTraits(new URL(url)).causes.join(' ')).toBe(causes);
  });

  test('has the statuses that the target is known to return', () => {
    const { errorEvents } = httpTraits(new URL('http://10.0.0.1/'), [404, 503]);
    expect(errorEvents.slice(-2)).toEqual(['status_code_404', 'status_code_503']);
  });
});
