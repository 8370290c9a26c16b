import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { checkReports } from '../src/check-report.ts';
import { CheckStates } from '../src/check-states.ts';
import type { Outcome } from '../src/model.ts';
import { failed, fakeCheck, ok } from './support/fake-check.ts';

const START_MS = 1_000 * 60_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'Date'], now: START_MS });
});

afterEach(() => {
  vi.useRealTimers();
});

/** The states of one check; `record()` advances the clock before it records a result. */
function statesOf(check = fakeCheck('me_service')) {
  const states = new CheckStates(0);
  const update = (checks = [check]) => states.update(checks).states;
  const [state] = update();
  if (state === undefined) throw new Error('a check has a state');
  const record = (outcome: Outcome, afterMs = 0) => {
    vi.advanceTimersByTime(afterMs);
    states.record(state, outcome);
  };
  return { update, record, reports: () => checkReports(states.current()) };
}

test('a check without a result is pending', () => {
  expect(statesOf().reports()).toMatchObject([
    { type: 'me_service', kind: 'me_service', byName: false, state: 'pending', since: null },
  ]);
});

test('a failing check is reported with its cause, start, number of failures and last minute', () => {
  const { reports, record } = statesOf();
  record(ok({}, 0.002));
  record(failed('connect', 'refused\u001b[2J'), 5_000);
  record(failed('connect', 'refused\u001b[2J'), 5_000);
  expect(reports()).toMatchObject([
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

test('the last hour is kept per minute, and the last minute drops older results', () => {
  const { reports, record } = statesOf();
  record(failed('connect'));
  for (let minute = 1; minute <= 70; minute++) record(ok(), 60_000);
  const [report] = reports();
  expect(report?.lastHour?.start).toBe(START_MS / 1000 + 11 * 60);
  expect(report?.lastHour?.minutes).toEqual(Array(60).fill([1, 0, 0.002]));
  expect(report).toMatchObject({ state: 'ok', since: START_MS / 1000 + 60, consecutive: 70 });
  expect(report?.lastAt).toBe(START_MS / 1000 + 70 * 60);
  vi.advanceTimersByTime(120_000);
  expect(reports()[0]?.lastMinute).toMatchObject({ checks: 0, medianSeconds: null });
  expect(reports()[0]?.lastHour?.minutes.slice(-2)).toEqual([
    [0, 0, null],
    [0, 0, null],
  ]);
});

test.each([500, 10])('at %i ms, the counts of a minute cover all its checks', (every) => {
  const { reports, record } = statesOf();
  const checks = 60_000 / every;
  for (let index = 0; index < checks; index++) {
    record(index % 4 === 3 ? failed('connect') : ok({}, index < checks / 2 ? 0.001 : 0.003));
    vi.advanceTimersByTime(every);
  }
  record(ok());
  const [report] = reports();
  expect(report?.lastHour?.minutes[0]?.slice(0, 2)).toEqual([checks, checks / 4]);
  const { lastMinute } = report ?? {};
  // The sliding minute has a resolution of one second.
  expect(lastMinute?.checks).toBeGreaterThan(checks * 0.98);
  expect(lastMinute?.checks).toBeLessThanOrEqual(checks + 1);
  // Without those of a failure and of the success after it; the minute may begin between the two.
  const { checks: all = 0, failures = 0, segmentsSent = 0 } = lastMinute ?? {};
  expect(Math.abs(segmentsSent / 5 - (all - 2 * failures))).toBeLessThanOrEqual(1);
});

test('segments of an outage and of the success that ends it are not counted, later ones are', () => {
  const { reports, record } = statesOf();
  const tcp = { handshakeRtt: undefined, segmentsSent: 9, segmentsRetransmitted: 4 };
  record(ok());
  for (const outcome of [failed('connect'), failed('connect'), ok()]) record({ ...outcome, tcp });
  expect(reports()[0]?.lastMinute).toMatchObject({ segmentsSent: 5, segmentsRetransmitted: 0 });
  record({ ...ok(), tcp });
  expect(reports()[0]?.lastMinute).toMatchObject({ segmentsSent: 14, segmentsRetransmitted: 4 });
});

test('a step of the clock does not change how old a result is', () => {
  const { reports, record } = statesOf();
  record(ok());
  vi.setSystemTime(START_MS + 3_600_000);
  vi.advanceTimersByTime(5_000);
  expect(reports()[0]).toMatchObject({
    since: START_MS / 1000 + 3_600,
    lastMinute: { checks: 1 },
  });
  vi.setSystemTime(START_MS - 3_600_000);
  vi.advanceTimersByTime(60_000);
  expect(reports()[0]?.lastMinute.checks).toBe(0);
});

test('the expiry of certificates is kept while no connection presents any', () => {
  const { reports, record } = statesOf();
  expect(reports()[0]).not.toHaveProperty('certificateNotAfter');
  const certificates = { leaf: 2_000_000_000, earliest: 1_900_000_000 };
  record({ ...ok(), certificates });
  record(failed('connect'));
  expect(reports()[0]).toMatchObject({ state: 'failing', certificateNotAfter: certificates });
});

test('a check that is no longer made is not reported', () => {
  const { reports, update } = statesOf();
  update([]);
  expect(reports()).toEqual([]);
});

test('with more than 200 checks the last hour is left out', () => {
  const { reports, update } = statesOf();
  const checks = Array.from({ length: 201 }, (_, index) => fakeCheck(`path_${index}`));
  const lastHours = () => reports().filter(({ lastHour }) => lastHour !== undefined).length;
  update(checks.slice(1));
  expect(lastHours()).toBe(200);
  update(checks);
  expect(lastHours()).toBe(0);
});

test('the last hour can be limited to checks that failed within it', () => {
  const { update, record } = statesOf();
  const [state] = update();
  if (state === undefined) throw new Error('a check has a state');
  const lastHour = () => checkReports([state], 'failures')[0]?.lastHour;
  record(ok());
  expect(lastHour()).toBeUndefined();
  record(failed('connect'), 60_000);
  record(ok(), 60_000);
  expect(lastHour()?.minutes).toHaveLength(3);
  record(ok(), 60 * 60_000);
  expect(lastHour()).toBeUndefined();
});
