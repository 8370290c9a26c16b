import { describe, expect, test, vi } from 'vitest';
import { CheckStates } from '../src/check-states.ts';
import type { Check, Recorder } from '../src/model.ts';
import { Schedule } from '../src/schedule.ts';
import { failed, fakeCheck, hangingProbe, ok, unexpectedStatus } from './support/fake-check.ts';
import { loseTime, useFakeClock } from './support/fake-clock.ts';

const INTERVAL = 5_000;

useFakeClock();

/** A schedule of the checks in `checks`, and what it reported to two recorders. */
function schedule(...checks: Check[]) {
  const reported: string[] = [];
  const recorder = (name: string): Recorder => ({
    added: ({ type }) => reported.push(`${name} begin ${type}`),
    record: ({ check, outcome }) => reported.push(`${name} ${check.type} ${outcome.kind}`),
    removed: ({ type }) => reported.push(`${name} end ${type}`),
  });
  const schedule = new Schedule({
    states: new CheckStates(0),
    checks: () => checks,
    recorders: [recorder('1'), recorder('2'), { record: () => {} }],
    interval: INTERVAL,
    phaseOffset: 0,
  });
  return { schedule, checks, reported, take: () => reported.splice(0) };
}

describe('Schedule passes to every recorder', () => {
  test('that a check is added, once, its results, and that it is removed, once', async () => {
    const a = fakeCheck('a');
    const { schedule: rounds, checks, take } = schedule(a);
    rounds.start();
    await vi.advanceTimersByTimeAsync(INTERVAL);
    expect(take()).toEqual(['1 begin a', '2 begin a', '1 a ok', '2 a ok', '1 a ok', '2 a ok']);

    checks.splice(0, 1, fakeCheck('b'));
    await vi.advanceTimersByTimeAsync(INTERVAL);
    expect(take()).toEqual(['1 end a', '2 end a', '1 begin b', '2 begin b', '1 b ok', '2 b ok']);

    checks.splice(0, 1, a);
    await vi.advanceTimersByTimeAsync(INTERVAL);
    expect(take()).toEqual(['1 end b', '2 end b', '1 begin a', '2 begin a', '1 a ok', '2 a ok']);
    rounds.stop();
  });

  test('neither addition nor removal of a type whose target changes', async () => {
    const { schedule: rounds, checks, take } = schedule(fakeCheck('a'));
    rounds.start();
    await vi.advanceTimersByTimeAsync(0);
    take();
    checks.splice(0, 1, fakeCheck('a', { url: 'http://127.0.0.2/' }));
    await vi.advanceTimersByTimeAsync(INTERVAL);
    expect(take()).toEqual(['1 a ok', '2 a ok']);
    rounds.stop();
  });

  test('no result that arrives after its check is removed', async () => {
    const { probe, attempts } = hangingProbe();
    const { schedule: rounds, checks, take } = schedule(fakeCheck('a', { probe }));
    rounds.start();
    await vi.advanceTimersByTimeAsync(0);
    checks.pop();
    await vi.advanceTimersByTimeAsync(INTERVAL);
    take();
    attempts[0]?.resolve(failed('connect'));
    await vi.advanceTimersByTimeAsync(0);
    expect(take()).toEqual([]);
    rounds.stop();
  });
});

describe('Schedule and a target that may have left', () => {
  test.each([
    { outcome: failed('connect'), left: true, expected: [] },
    { outcome: failed('connect'), left: false, expected: ['1 a failed', '2 a failed'] },
    { outcome: ok(), left: true, expected: ['1 a ok', '2 a ok'] },
  ])('drops false alarms: $outcome.kind, left: $left', async ({ outcome, left, expected }) => {
    const isGone = vi.fn(async () => left);
    const check = fakeCheck('a', { probe: async () => outcome, isFalseAlarm: isGone });
    const { schedule: rounds, take } = schedule(check);
    await rounds.refresh(0);
    expect(take().slice(2)).toEqual(expected);
    // A response needs no explanation.
    expect(isGone).toHaveBeenCalledTimes(outcome.kind === 'ok' ? 0 : 1);
  });

  test('does not check it again while it waits to learn whether it has', async () => {
    const { probe, attempts } = hangingProbe();
    const isGone = () => new Promise<boolean>((resolve) => setTimeout(resolve, 900, false));
    const { schedule: rounds, take } = schedule(fakeCheck('a', { probe, isFalseAlarm: isGone }));
    const refreshed = rounds.refresh(0);
    await vi.advanceTimersByTimeAsync(10);
    attempts[0]?.resolve(failed('connect'));
    await vi.advanceTimersByTimeAsync(800);
    rounds.refresh(0);
    await vi.advanceTimersByTimeAsync(100);
    await refreshed;
    expect(attempts).toHaveLength(1);
    expect(take().slice(2)).toEqual(['1 a failed', '2 a failed']);
  });
});

describe('Schedule passes on, when the process was suspended during a check,', () => {
  test.each([ok(), unexpectedStatus(408)])(
    'no response that arrives after that: $kind',
    async (outcome) => {
      const suspend = loseTime();
      const { probe, attempts } = hangingProbe();
      const { schedule: rounds, take } = schedule(fakeCheck('a', { probe }));
      const refreshed = rounds.refresh(0);
      await vi.advanceTimersByTimeAsync(0);
      suspend(9_000);
      await vi.advanceTimersByTimeAsync(6_000);
      attempts[0]?.resolve(outcome);
      await refreshed;
      expect(take().slice(2)).toEqual([]);
      rounds.stop();
    },
  );

  test('a timeout after that', async () => {
    const suspend = loseTime();
    const { probe } = hangingProbe();
    const { schedule: rounds, take } = schedule(fakeCheck('a', { probe }));
    const refreshed = rounds.refresh(0);
    await vi.advanceTimersByTimeAsync(0);
    suspend(9_000);
    await vi.advanceTimersByTimeAsync(6_000 + 6_000);
    await refreshed;
    expect(take().slice(2)).toEqual(['1 a failed', '2 a failed']);
    rounds.stop();
  });
});

describe('Schedule.stop()', () => {
  test('upstream fault: SIGTERM counts the checks in flight as errors', async () => {
    const { probe, attempts } = hangingProbe();
    const checks = ['a', 'b', 'c'].map((type) => fakeCheck(type, { probe }));
    const { schedule: rounds, take } = schedule(...checks);
    rounds.start();
    // Two are in flight, the third waits for its turn.
    await vi.advanceTimersByTimeAsync(6);
    take();
    rounds.stop();
    await vi.advanceTimersByTimeAsync(10 * INTERVAL);
    expect(take()).toEqual([]);
    expect(attempts.map(({ signal }) => signal.reason.message)).toEqual([
      'kubenurse is shutting down',
      'kubenurse is shutting down',
    ]);
  });

  test('records no result that waits to learn whether its target has left', async () => {
    const isGone = () => new Promise<boolean>((resolve) => setTimeout(resolve, 900, false));
    const check = fakeCheck('a', { probe: async () => failed('connect'), isFalseAlarm: isGone });
    const { schedule: rounds, take } = schedule(check);
    rounds.start();
    await vi.advanceTimersByTimeAsync(100);
    take();
    rounds.stop();
    await vi.advanceTimersByTimeAsync(INTERVAL);
    expect(take()).toEqual([]);
  });

  test('leaves no timer', async () => {
    const { schedule: rounds } = schedule(fakeCheck('a', { probe: hangingProbe().probe }));
    rounds.start();
    await vi.advanceTimersByTimeAsync(INTERVAL + 1);
    expect(vi.getTimerCount()).toBeGreaterThan(0);
    rounds.stop();
    await vi.advanceTimersByTimeAsync(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});
