import { expect, test } from 'vitest';
import { readChecks } from './probe.ts';
import { readConnection } from './wire.ts';

test('readConnection() reads a line of the capture, in milliseconds', () => {
  expect(readConnection('10.78.0.7 8001 1795278974760000000 30500 91000 150250')).toEqual({
    to: '10.78.0.7:8001',
    syn: 1795278974760,
    synAck: 0.0305,
    request: 0.091,
    answer: 0.15025,
  });
  for (const line of ['', 'listening', '10.78.0.7 8001 1 2 3', '10.78.0.7 8001 1 2 3 x']) {
    expect(() => readConnection(line)).toThrow('no line of a capture');
  }
});

test('readChecks() reads the sum and the count of each target, and of its handshake', () => {
  const page = [
    'kubenurse_httpclient_request_duration_seconds_bucket{type="target-1",le="1"} 7',
    'kubenurse_httpclient_request_duration_seconds_sum{type="target-1"} 0.017',
    'kubenurse_httpclient_request_duration_seconds_count{type="target-1"} 7',
    'kubenurse_httpclient_trace_request_duration_seconds_sum{type="target-1",event="connect_start"} 0.5',
    'kubenurse_httpclient_trace_request_duration_seconds_sum{event="connect_done",type="target-1"} 0.75',
    'kubenurse_httpclient_trace_request_duration_seconds_sum{type="target-1",event="dns_done"} 99',
    'kubenurse_tcp_rtt_seconds_sum{type="target-1"} 0.125',
    'kubenurse_request_duration_sum{type="target-1"} 99',
    'kubenurse_httpclient_request_duration_seconds_sum{type="path_x"} 99',
    '',
  ].join('\n');
  expect(readChecks(page, 2)).toEqual([
    { count: 0, sum: 0, handshake: 0, rtt: undefined },
    { count: 7, sum: 0.017, handshake: 0.25, rtt: 0.125 },
  ]);
});
