import { expect, test } from 'vitest';
import { checkCounts } from './check-counts.ts';

test('checkCounts() adds up requests, whatever the order of the labels', () => {
  const metrics = [
    '# TYPE kubenurse_httpclient_requests_total counter',
    'kubenurse_httpclient_requests_total{type="me_service",code="200"} 5',
    'kubenurse_httpclient_requests_total{code="200",type="path_node-1"} 7',
    'kubenurse_httpclient_requests_total{type="dns_10.0.0.1",code="ok"} 2',
    'kubenurse_httpclient_requests_total{type="me_service",code="503"} 1',
    'kubenurse_httpclient_requests_total{type="me_service",code="204"} 1',
    'kubenurse_httpclient_requests_total{code="round_trip_error",type="me_service"} 1',
    'kubenurse_errors_total{type="me_service",event="connect_done"} 4',
    'kubenurse_httpclient_request_duration_seconds_sum{type="path_a"} 0.25',
    'kubenurse_httpclient_request_duration_seconds_sum{type="path_b"} 0.5',
    'kubenurse_httpclient_request_duration_seconds_sum{type="me_service"} 4',
    'kubenurse_httpclient_request_duration_seconds_count{type="path_a"} 2',
    'kubenurse_httpclient_request_duration_seconds_count{type="path_b"} 3',
    'kubenurse_httpclient_request_duration_seconds_bucket{type="path_b",le="1"} 3',
    '',
  ].join('\n');
  expect(checkCounts(metrics)).toEqual({
    made: 17,
    failed: 3,
    paths: { count: 5, sum: 0.75 },
    series: 13,
  });
});

test('checkCounts() counts nothing before the first check', () => {
  expect(checkCounts('')).toEqual({
    made: 0,
    failed: 0,
    paths: { count: 0, sum: 0 },
    series: 0,
  });
});
