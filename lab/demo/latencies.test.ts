import { expect, test } from 'vitest';
import { formatLatency, Latencies } from './latencies.ts';

function page(check: string, sum: number, count: number): string {
  const name = 'kubenurse_httpclient_request_duration_seconds';
  return [
    `# TYPE ${name} histogram`,
    `${name}_bucket{type="${check}",le="0.005"} 1`,
    `${name}_sum{type="${check}"} ${sum}`,
    `${name}_count{type="${check}"} ${count}`,
    '',
  ].join('\n');
}

test('Latencies.update() returns the mean of what has run since the last reading', () => {
  const latencies = new Latencies();

  expect([...latencies.update(page('me_service', 0.5, 2))]).toEqual([['me_service', 0.25]]);
  expect([...latencies.update(page('me_service', 2.5, 4))]).toEqual([['me_service', 1]]);
  expect([...latencies.update(page('me_service', 2.5, 4))]).toEqual([]);
  expect([...latencies.update(page('me_service', 0.5, 1))]).toEqual([['me_service', 0.5]]);
  expect([...latencies.update('no metrics')]).toEqual([]);
});

test.each([
  [0.0004, '0.4 ms'],
  [0.00996, '10 ms'],
  [0.0123, '12 ms'],
  [0.9994, '999 ms'],
  [0.9996, '1.0 s'],
  [5, '5.0 s'],
])('formatLatency() writes %d s as %s', (seconds, text) => {
  expect(formatLatency(seconds)).toBe(text);
});
