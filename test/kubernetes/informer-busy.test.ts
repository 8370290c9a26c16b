import { expect, onTestFinished, test } from 'vitest';
import { until } from '../../lab/support/until.ts';
import { Informer, WATCH_REST } from '../../src/kubernetes/informer.ts';
import { PODS } from './follow.ts';
import { event, startWatchServer } from './watch-server.ts';

const EVENTS = 20;
const WORK_MS = 5;

test('Informer rests between events four times as long as it works on them', async () => {
  const object = { metadata: { name: 'a', resourceVersion: '6' } };
  await startWatchServer((response) => {
    response.write(event('MODIFIED', object).repeat(EVENTS));
  });
  const changedAt: number[] = [];
  const stop = new AbortController();
  const following = new Informer({
    path: PODS,
    query: {},
    transform: () => undefined,
    onChange: () => {
      changedAt.push(performance.now());
      work(WORK_MS);
    },
    onError: () => {},
    onRecovery: () => {},
    onExcess: () => {},
    onInvalid: () => {},
  }).follow(stop.signal);
  onTestFinished(() => {
    stop.abort();
    return following;
  });

  // Including the change by the list.
  await until('all events have come', 5_000, () => changedAt.length === EVENTS + 1);

  const [, first = 0] = changedAt;
  const both = (EVENTS - 1) * (1 + WATCH_REST) * WORK_MS;
  // A timer may fire a millisecond early.
  expect((changedAt.at(-1) ?? 0) - first).toBeGreaterThanOrEqual(both - EVENTS);
});

function work(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}
