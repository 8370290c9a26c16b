import { expect, test } from 'vitest';
import { CheckHistory } from '../src/check-history.ts';
import type { Outcome } from '../src/model.ts';
import { failed, fakeCheck, ok } from './support/fake-check.ts';

const START_MS = 1_000 * 60_000;

/** A history of one check, and a clock that the test moves. */
function historyOf(check = fakeCheck('me_service')) {
  const clock = { now: START_MS };
  const history = new CheckHistory(() => clock.now);
  history.recorder.added?.(check);
  const record = (outcome: Outcome, afterMs = 0) => {
    clock.now += afterMs;
    history.recorder.record({ check, outcome });
  };
  return { history, clock, check, record };
}

test('a check without a result is pending', () => {
  expect(historyOf().history.reports()).toMatchObject([
    { type: 'me_service', kind: 'me_service', byName: false, state: 'pending', since: null },
  ]);
});

test('a failing check has its cause, since when and how often, and the last minute', () => {
  const { history, record } = historyOf();
  record(ok({}, 0.002));
  record(failed('connect', 'refused\u001b[2J'), 5_000);
  record(failed('connect', 'refused\u001b[2J'), 5_000);
  expect(history.reports()).toMatchObject([
    {
      state: 'failing',
      since: START_MS / 1000 + 5,
      consecutive: 2,
      cause: 'refused',
      event: 'connect_done',
      text: 'refused [2J',
      lastMinute: {
        checks: 3,
        failures: 2,
        medianSeconds: 0.002,
        rttSeconds: 0.0005,
        segmentsSent: 5,
        segmentsRetransmitted: 0,
      },
      lastHour: { start: START_MS / 1000, minutes: [[3, 2, 0.002]] },
    },
  ]);
});

test('an hour is kept in minutes, and the last minute forgets what is older', () => {
  const { history, clock, record } = historyOf();
  record(failed('connect'));
  for (let minute = 1; minute <= 70; minute++) record(ok(), 60_000);
  const [report] = history.reports();
  expect(report?.lastHour?.start).toBe(START_MS / 1000 + 11 * 60);
  expect(report?.lastHour?.minutes).toEqual(Array(60).fill([1, 0, 0.002]));
  expect(report).toMatchObject({ state: 'ok', since: START_MS / 1000 + 60, consecutive: 70 });
  clock.now += 120_000;
  expect(history.reports()[0]?.lastMinute).toMatchObject({ checks: 0, medianSeconds: null });
  expect(history.reports()[0]?.lastHour?.minutes.slice(-2)).toEqual([
    [0, 0, null],
    [0, 0, null],
  ]);
});

test('a check that is no longer made is not reported', () => {
  const { history, check } = historyOf();
  history.recorder.removed?.(check);
  expect(history.reports()).toEqual([]);
});

test('with more than 200 checks the last hour is left out', () => {
  const { history } = historyOf();
  const lastHours = () => history.reports().filter(({ lastHour }) => lastHour !== undefined).length;
  for (let index = 1; index < 200; index++) history.recorder.added?.(fakeCheck(`path_${index}`));
  expect(lastHours()).toBe(200);
  history.recorder.added?.(fakeCheck('path_200'));
  expect(lastHours()).toBe(0);
});
