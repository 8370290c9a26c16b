import { expect, test } from 'vitest';
import { readChecks } from './probe.ts';

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
