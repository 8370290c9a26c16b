import { describe, expect, test } from 'vitest';
import type { Outcome } from '../src/model.ts';
import { traitsOfTarget } from '../src/probes/kinds.ts';
import { metricsRecorder } from '../src/recorders.ts';
import { failed, fakeCheck, ok, unexpectedStatus } from './support/fake-check.ts';
import { scrapedMetrics, startingWith } from './support/scraped-metrics.ts';

/** The metrics after `added()` and these outcomes of one check, by the labels of their series. */
async function recorded(outcomes: readonly Outcome[], check = fakeCheck('a')) {
  const { metrics, series } = scrapedMetrics();
  const recorder = metricsRecorder(metrics);
  recorder.added?.(check);
  for (const outcome of outcomes) recorder.record({ check, outcome });
  const all = await series();
  const nonZero = (start: string) =>
    Object.fromEntries(Object.entries(startingWith(start, all)).filter(([, value]) => value > 0));
  return {
    all,
    errors: nonZero('kubenurse_errors_total'),
    requests: nonZero('kubenurse_httpclient_requests_total'),
    duration: startingWith('kubenurse_request_duration', all),
    httpDuration: startingWith('kubenurse_httpclient_request_duration_seconds', all),
    trace: startingWith('kubenurse_httpclient_trace_request_duration_seconds', all),
  };
}

describe('metricsRecorder().added()', () => {
  test.each([
    ['http://kubenurse:8080/', ['dns_done', 'connect_done', 'wrote_request', 'round_trip_error']],
    ['http://10.0.0.1:8080/', ['connect_done', 'wrote_request', 'round_trip_error']],
    [
      'https://kubenurse/',
      ['dns_done', 'connect_done', 'tls_handshake_done', 'wrote_request', 'round_trip_error'],
    ],
    [
      'https://[fd00::1]/',
      ['connect_done', 'tls_handshake_done', 'wrote_request', 'round_trip_error'],
    ],
  ])(
    'upstream fault: error series are born at 1, so that rate() misses the first: %s',
    async (url, events) => {
      const check = fakeCheck('a', { url, statuses: [503] });
      const { all } = await recorded([], check);
      const expected = [...events, 'status_code_503'].map((event) => [
        `{type="a",event="${event}"}`,
        0,
      ]);
      expect(startingWith('kubenurse_errors_total', all)).toEqual(Object.fromEntries(expected));
      expect(startingWith('kubenurse_httpclient_requests_total', all)).toEqual({
        '{type="a",code="200"}': 0,
        '{type="a",code="round_trip_error"}': 0,
      });
    },
  );

  test('exports no duration before there is one', async () => {
    const { duration, httpDuration, trace } = await recorded([]);
    expect({ ...duration, ...httpDuration, ...trace }).toEqual({});
  });
});

describe('metricsRecorder().record()', () => {
  test.each<[string, Outcome, string]>([
    ['a look-up', failed('resolve'), 'dns_done'],
    ['a connection', failed('connect'), 'connect_done'],
    ['a handshake', failed('handshake'), 'tls_handshake_done'],
    ['a request', failed('request'), 'wrote_request'],
    ['a response', failed('response'), 'round_trip_error'],
  ])('upstream fault: one failure is counted once or twice: of %s', async (_, outcome, event) => {
    const { errors, requests } = await recorded([outcome]);
    expect(errors).toEqual({ [`{type="a",event="${event}"}`]: 1 });
    expect(requests).toEqual({ '{type="a",code="round_trip_error"}': 1 });
  });

  test('counts a response that is not 200 as one error, and by its status', async () => {
    const { errors, requests } = await recorded([unexpectedStatus(503), unexpectedStatus(503)]);
    expect(errors).toEqual({ '{type="a",event="status_code_503"}': 2 });
    expect(requests).toEqual({ '{type="a",code="503"}': 2 });
  });

  test('names 16 statuses of a check, and counts any other as the first of its class', async () => {
    const common = [404, 500, 501, 502, 503, 504];
    const all = Array.from({ length: 900 }, (_, index) => 100 + index).filter(
      (each) => each !== 200,
    );
    const { errors, requests } = await recorded(
      [...common, ...all].map((each) => unexpectedStatus(each)),
    );
    const named = Object.keys(requests).map((labels) => /code="(\d+)"/.exec(labels)?.[1]);
    const first = all.slice(0, 10);
    expect(named.map(Number).sort()).toEqual([...first, ...common, 200, 300, 400].sort());
    const sum = (counts: Record<string, number>) =>
      Object.values(counts).reduce((total, count) => total + count, 0);
    expect([sum(requests), sum(errors)]).toEqual([905, 905]);
    expect(requests['{type="a",code="503"}']).toBe(2);
    expect(requests['{type="a",code="400"}']).toBe(99);
    expect(errors['{type="a",event="status_code_400"}']).toBe(99);
    expect(errors['{type="a",event="status_code_500"}']).toBe(1 + 500 - 4);
  });

  test('names further statuses of a check that returns after its removal', async () => {
    const { metrics, series } = scrapedMetrics();
    const recorder = metricsRecorder(metrics);
    const check = fakeCheck('a');
    const respond = (status: number) =>
      recorder.record({ check, outcome: unexpectedStatus(status) });
    for (let status = 400; status < 416; status += 1) respond(status);
    recorder.removed?.(check);
    respond(503);
    const requests = startingWith('kubenurse_httpclient_requests_total', await series());
    expect(requests['{type="a",code="503"}']).toBe(1);
  });

  test('counts no error of a successful check', async () => {
    const { errors, requests } = await recorded([ok(), ok(), ok()]);
    expect(errors).toEqual({});
    expect(requests).toEqual({ '{type="a",code="200"}': 3 });
  });

  test('records durations only of requests that got a response', async () => {
    const { duration, httpDuration } = await recorded([
      ok({}, 0.25),
      unexpectedStatus(503, '', 0.5),
      failed('response'),
    ]);
    const histogram = {
      '_count{type="a"}': 2,
      '_sum{type="a"}': 0.75,
      '_bucket{type="a",le="0.01"}': 0,
      '_bucket{type="a",le="0.25"}': 1,
      '_bucket{type="a",le="1"}': 2,
      '_bucket{type="a",le="+Inf"}': 2,
    };
    expect(duration).toEqual(histogram);
    expect(httpDuration).toEqual(histogram);
  });

  test('upstream fault: durations are taken later than their moment', async () => {
    const timings = { dns_start: 0.0001, dns_done: 0.0123, got_conn: 0.5 };
    const { trace, duration } = await recorded([ok(timings, 0.75)]);
    const sums = Object.entries(trace).filter(([labels]) => labels.startsWith('_sum'));
    expect(Object.fromEntries(sums)).toEqual({
      '_sum{type="a",event="dns_start"}': 0.0001,
      '_sum{type="a",event="dns_done"}': 0.0123,
      '_sum{type="a",event="got_conn"}': 0.5,
    });
    expect(duration['_sum{type="a"}']).toBe(0.75);
  });

  test('records the events that a failed request reached', async () => {
    const { trace } = await recorded([failed('connect', 'refused', { connect_start: 0.001 })]);
    expect(trace['_count{type="a",event="connect_start"}']).toBe(1);
    expect(Object.keys(trace).some((labels) => labels.includes('connect_done'))).toBe(false);
  });

  test('counts a check that is not HTTP under the code ok', async () => {
    const traits = traitsOfTarget(new URL('tcp://10.0.0.1:1'));
    const outcome: Outcome = { kind: 'ok', code: 'ok', duration: 0.25, timings: {} };
    const { all, requests, duration } = await recorded([outcome], { ...fakeCheck('a'), ...traits });
    expect(requests).toEqual({ '{type="a",code="ok"}': 1 });
    expect(duration['_sum{type="a"}']).toBe(0.25);
    expect(Object.keys(all).filter((series) => series.includes('"200"'))).toEqual([]);
  });

  test('records the expiry of certificates, even of a failed check', async () => {
    const certificates = { leaf: 2_000_000_000, earliest: 1_900_000_000 };
    const { all } = await recorded([{ ...failed('handshake'), certificates }]);
    expect(startingWith('kubenurse_certificate_not_after_seconds', all)).toEqual({
      '{type="a",certificate="leaf"}': 2_000_000_000,
      '{type="a",certificate="earliest"}': 1_900_000_000,
    });
  });

  test('keeps checks apart', async () => {
    const { metrics, series } = scrapedMetrics();
    const recorder = metricsRecorder(metrics);
    recorder.record({ check: fakeCheck('a'), outcome: ok() });
    recorder.record({ check: fakeCheck('path_k8s-66'), outcome: ok() });
    expect(startingWith('kubenurse_httpclient_requests_total', await series())).toEqual({
      '{type="a",code="200"}': 1,
      '{type="path_k8s-66",code="200"}': 1,
    });
  });
});

describe('metricsRecorder() of a UDP check', () => {
  const udp = {
    ...{ sent: 10, duplicated: 1, reordered: 2, rtts: [0.001, 0.003], jitter: 0.002 },
    lost: { forward: 3, backward: 4, unknown: 1 },
  };
  const url = 'udp://10.0.0.1:8862';
  const check = fakeCheck('udp_node-2', { url, ...traitsOfTarget(new URL(url)) });

  test('exports series of packets from the start, and none of requests', async () => {
    const { all } = await recorded([], check);
    expect(startingWith('kubenurse_udp_', all)).toEqual({
      'packets_sent_total{type="udp_node-2"}': 0,
      'packets_lost_total{type="udp_node-2",direction="forward"}': 0,
      'packets_lost_total{type="udp_node-2",direction="backward"}': 0,
      'packets_lost_total{type="udp_node-2",direction="unknown"}': 0,
      'packets_duplicated_total{type="udp_node-2"}': 0,
      'packets_reordered_total{type="udp_node-2"}': 0,
    });
    expect(startingWith('kubenurse_httpclient_', all)).toEqual({});
  });

  test('counts packets by direction, and records each round trip', async () => {
    const { all } = await recorded(
      [
        { ...ok(), udp },
        { ...failed('response'), udp },
      ],
      check,
    );
    expect(startingWith('kubenurse_udp_', all)).toMatchObject({
      'packets_sent_total{type="udp_node-2"}': 20,
      'packets_lost_total{type="udp_node-2",direction="forward"}': 6,
      'packets_lost_total{type="udp_node-2",direction="backward"}': 8,
      'packets_lost_total{type="udp_node-2",direction="unknown"}': 2,
      'packets_duplicated_total{type="udp_node-2"}': 2,
      'packets_reordered_total{type="udp_node-2"}': 4,
      'rtt_seconds_count{type="udp_node-2"}': 4,
      'rtt_seconds_sum{type="udp_node-2"}': 0.008,
      'jitter_seconds{type="udp_node-2"}': 0.002,
    });
    expect(startingWith('kubenurse_httpclient_', all)).toEqual({});
    expect(startingWith('kubenurse_request_duration', all)).toEqual({});
    expect(all).toMatchObject({ 'kubenurse_check_success{type="udp_node-2"}': 0 });
  });
});
