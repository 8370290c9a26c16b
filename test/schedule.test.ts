import { afterEach, describe, expect, test, vi } from 'vitest';
import { CheckStates } from '../src/check-states.ts';
import type { Probe } from '../src/model.ts';
import { Schedule, type ScheduleOptions } from '../src/schedule.ts';
import { failed, fakeCheck, hangingProbe, ok, respondingProbe } from './support/fake-check.ts';
import { loseTime, useFakeClock } from './support/fake-clock.ts';

const INTERVAL = 5_000;

useFakeClock();

afterEach(() => {
  for (const schedule of schedules.splice(0)) schedule.stop();
});

const schedules: Schedule[] = [];

function startSchedule(options: Partial<ScheduleOptions>): Schedule {
  const schedule = new Schedule({
    states: new CheckStates(0),
    checks: () => [],
    recorders: [],
    interval: INTERVAL,
    phaseOffset: 0,
    ...options,
  });
  schedules.push(schedule);
  schedule.start();
  return schedule;
}

describe('Schedule begins', () => {
  test.each([
    { now: 0, phaseOffset: 0, wait: 0 },
    { now: 0, phaseOffset: 0.5, wait: 2_500 },
    { now: 12_345, phaseOffset: 0.25, wait: 3_905 },
    { now: 11_250, phaseOffset: 0.25, wait: 0 },
    { now: 11_251, phaseOffset: 0.25, wait: 4_999 },
    { now: 14_999, phaseOffset: 0, wait: 1 },
    { now: 14_999, phaseOffset: 1, wait: 1 },
  ])(
    'at its phaseOffset in the interval, within the first: %o',
    async ({ now, phaseOffset, wait }) => {
      vi.setSystemTime(now);
      const { probe, calledAt } = respondingProbe(0);
      startSchedule({ checks: () => [fakeCheck('a', { probe })], phaseOffset });
      await vi.advanceTimersByTimeAsync(INTERVAL - 1);
      expect(calledAt).toEqual([wait]);
    },
  );

  test('upstream fault: all pods of the fleet fire in step with their start', async () => {
    const pods = [0.1, 0.3, 0.9].map((phaseOffset) => {
      const { probe, calledAt } = respondingProbe(0);
      startSchedule({ checks: () => [fakeCheck('a', { probe })], phaseOffset });
      return calledAt;
    });
    await vi.advanceTimersByTimeAsync(2 * INTERVAL - 1);
    expect(pods).toEqual([
      [500, 5_500],
      [1_500, 6_500],
      [4_500, 9_500],
    ]);
  });
});

describe('Schedule keeps time', () => {
  test('without drift, however late a timer is and however long a check takes', async () => {
    const lose = loseTime();
    const { probe, calledAt } = respondingProbe(40);
    const checks = () => {
      lose(7);
      return [fakeCheck('a', { probe })];
    };
    startSchedule({ checks });
    await vi.advanceTimersByTimeAsync(100 * INTERVAL);
    expect(calledAt.length).toBeGreaterThan(90);
    expect(new Set(calledAt.map((at) => at % INTERVAL))).toEqual(new Set([7]));
  });

  test('and does not make up for rounds that a suspended process has missed', async () => {
    const lose = loseTime();
    const { probe, calledAt } = respondingProbe(0);
    const rounds: number[] = [];
    const checks = (round: number) => {
      rounds.push(round);
      return [fakeCheck('a', { probe })];
    };
    startSchedule({ checks });
    await vi.advanceTimersByTimeAsync(INTERVAL);
    lose(3 * INTERVAL + 1_200);
    await vi.advanceTimersByTimeAsync(3 * INTERVAL);
    // Late once, then back at its phaseOffset.
    expect(calledAt).toEqual([0, 5_000, 26_200, 30_000, 35_000]);
    // Numbered like those of pods that have missed none.
    const [first = 0] = rounds;
    expect(rounds.map((round) => round - first)).toEqual([0, 1, 2, 6, 7]);
  });
});

describe('Schedule in a round', () => {
  test('starts a check as soon as the one before has ended', async () => {
    const probes = [2, 3, 1].map((milliseconds) => respondingProbe(milliseconds));
    const checks = probes.map(({ probe }, i) => fakeCheck(`${i}`, { probe }));
    startSchedule({ checks: () => checks });
    await vi.advanceTimersByTimeAsync(6);
    expect(probes.map(({ calledAt }) => calledAt)).toEqual([[0], [2], [5]]);
    // The timer of the next round.
    expect(vi.getTimerCount()).toBe(1);
  });

  test.each([
    ['http://127.0.0.1:8080/', 5],
    ['https://127.0.0.1:8443/', 25],
  ])('waits for a check of %s no longer than %i ms', async (url, milliseconds) => {
    const { probe, calledAt } = respondingProbe(0);
    const hanging = fakeCheck('hanging', { url, probe: hangingProbe().probe });
    startSchedule({ checks: () => [hanging, fakeCheck('next', { probe })] });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(calledAt).toEqual([milliseconds]);
  });

  test.each([1_000, 5_000, 60_000])(
    'of %i ms starts 1,000 checks that hang within half of it',
    async (interval) => {
      const { probe, attempts } = hangingProbe();
      const url = 'https://127.0.0.1:8443/';
      const checks = Array.from({ length: 1_000 }, (_, i) => fakeCheck(`${i}`, { url, probe }));
      startSchedule({ checks: () => checks, interval });
      await vi.advanceTimersByTimeAsync(interval / 2);
      expect(attempts).toHaveLength(1_000);
      // And not in a burst.
      const byMoment = Object.values(Object.groupBy(attempts, ({ at }) => at));
      expect(Math.max(...byMoment.map((atOnce) => atOnce?.length ?? 0))).toBeLessThanOrEqual(3);
    },
  );

  test('upstream fault: one black-holed neighbour makes every check miss ticks', async () => {
    const { probe, calledAt } = respondingProbe(1);
    const hanging = hangingProbe();
    const checks = [
      fakeCheck('hanging', { probe: hanging.probe }),
      fakeCheck('responding', { probe }),
    ];
    startSchedule({ checks: () => checks });
    await vi.advanceTimersByTimeAsync(4 * INTERVAL - 1);
    // The round waits for it once, and runs it last from then on.
    expect(calledAt).toEqual([5, 5_000, 10_000, 15_000]);
    expect(hanging.attempts.map(({ at }) => at)).toEqual([0, 5_001, 10_001, 15_001]);
  });

  test('starts its checks once it is warm, unless it is stopped meanwhile', async () => {
    const calledAt: number[] = [];
    const warmedAt: number[] = [];
    const check = fakeCheck('a', {
      probe: async () => {
        calledAt.push(performance.now());
        return ok();
      },
    });
    const warmUp = () => {
      warmedAt.push(performance.now());
      return new Promise((resolve) => setTimeout(resolve, 3));
    };
    const schedule = startSchedule({ checks: () => [check], warmUp });
    await vi.advanceTimersByTimeAsync(2 * INTERVAL + 1);
    schedule.stop();
    await vi.advanceTimersByTimeAsync(INTERVAL);
    expect(warmedAt).toEqual([0, INTERVAL, 2 * INTERVAL]);
    expect(calledAt).toEqual([3, INTERVAL + 3]);
  });

  test('runs a check that was slow last, until it is in time again', async () => {
    const order: string[] = [];
    let delay = 10;
    const check = (type: string, milliseconds: () => number) =>
      fakeCheck(type, {
        probe: (target, signal) => {
          order.push(type);
          return respondingProbe(milliseconds()).probe(target, signal);
        },
      });
    const checks = [check('slow', () => delay), check('a', () => 1), check('b', () => 1)];
    startSchedule({ checks: () => checks });
    await vi.advanceTimersByTimeAsync(INTERVAL + 1_000);
    delay = 1;
    await vi.advanceTimersByTimeAsync(2 * INTERVAL);

    expect(order.join(' ')).toBe('slow a b a b slow a b slow slow a b');
  });

  test('times out a check after 6 s overall', async () => {
    const { probe, attempts } = hangingProbe();
    startSchedule({ checks: () => [fakeCheck('a', { probe })] });
    await vi.advanceTimersByTimeAsync(5_999);
    expect(attempts[0]?.signal.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(attempts[0]?.signal.reason.message).toBe('no response within 6 s');
  });

  test.each([
    { interval: 5_000, perMinute: 12 },
    { interval: 1_000, perMinute: 20 },
  ])(
    'runs a hanging check $perMinute times a minute, at most two at once, at $interval ms',
    async ({ interval, perMinute }) => {
      let inFlight = 0;
      let most = 0;
      let attempts = 0;
      const { probe } = hangingProbe();
      const counting: Probe = async (target, signal) => {
        attempts++;
        inFlight++;
        most = Math.max(most, inFlight);
        return await probe(target, signal).finally(() => inFlight--);
      };
      startSchedule({ checks: () => [fakeCheck('a', { probe: counting })], interval });
      await vi.advanceTimersByTimeAsync(60_000 - 1);
      expect(Math.abs(attempts - perMinute)).toBeLessThanOrEqual(2);
      expect(most).toBe(2);
    },
  );

  test('keeps the pace of a failing check that waits to learn whether its target has left', async () => {
    const { probe, calledAt } = respondingProbe(0, failed('connect'));
    const isFalseAlarm = () => new Promise<boolean>((resolve) => setTimeout(resolve, 3_000, false));
    const check = fakeCheck('a', { probe, isFalseAlarm });
    let failures = 0;
    startSchedule({
      checks: () => [check],
      interval: 1_000,
      recorders: [{ record: () => failures++ }],
    });
    await vi.advanceTimersByTimeAsync(23_500);
    expect(calledAt).toHaveLength(24);
    expect(failures).toBe(21);
  });

  test('records results in the order in which the attempts began', async () => {
    const { probe, attempts } = hangingProbe();
    const recorded: string[] = [];
    startSchedule({
      checks: () => [fakeCheck('a', { probe })],
      recorders: [{ record: ({ outcome }) => recorded.push(outcome.kind) }],
    });
    await vi.advanceTimersByTimeAsync(INTERVAL + 10);
    attempts[1]?.resolve(ok());
    await vi.advanceTimersByTimeAsync(100);
    expect(recorded).toEqual([]);
    attempts[0]?.resolve(failed('response'));
    await vi.advanceTimersByTimeAsync(0);
    expect(recorded).toEqual(['failed', 'ok']);
  });

  test('does not start a check on a refresh while it is in flight', async () => {
    const { probe, attempts } = hangingProbe();
    const schedule = startSchedule({ checks: () => [fakeCheck('a', { probe })] });
    await vi.advanceTimersByTimeAsync(10);
    schedule.refresh(0);
    schedule.refresh(0);
    await vi.advanceTimersByTimeAsync(INTERVAL - 100);
    expect(attempts).toHaveLength(1);
  });
});

describe('Schedule leaves time for other work', () => {
  /** When work that takes this many milliseconds gets its turn, if it wants one at this time. */
  async function turnAt(
    schedule: Schedule,
    wantedAt: number,
    milliseconds: number,
  ): Promise<number> {
    await vi.advanceTimersByTimeAsync(wantedAt - Date.now());
    const turn = schedule.betweenRounds(milliseconds).then(() => Date.now());
    await vi.advanceTimersByTimeAsync(1_000);
    return turn;
  }

  const checks = () => ['a', 'b'].map((type) => fakeCheck(type, respondingProbe(10)));

  test.each([
    { what: 'at once where it ends before the next round', wantedAt: 4_900, at: 4_900 },
    { what: 'after the next round where it does not', wantedAt: 4_960, at: 5_010 },
    { what: 'after the round that runs', wantedAt: 5_005, at: 5_010 },
    { what: 'at once after a round', wantedAt: 5_030, at: 5_030 },
  ])('$what', async ({ wantedAt, at }) => {
    expect(await turnAt(startSchedule({ checks }), wantedAt, 50)).toBe(at);
  });

  test('after 250 ms of a round that takes long, and not while it warms up', async () => {
    const hung = () =>
      Array.from({ length: 200 }, (_, i) => fakeCheck(`check-${i}`, hangingProbe()));
    expect(await turnAt(startSchedule({ checks: hung }), 5_001, 1)).toBe(5_250);
    const warmUp = () => new Promise((resolve) => setTimeout(resolve, 30));
    expect(await turnAt(startSchedule({ checks, warmUp }), 10_001, 1)).toBe(10_040);
  });

  test('and has requests wait while checks run, in a round or not, but not while it warms up', async () => {
    const warmUp = () => new Promise((resolve) => setTimeout(resolve, 30));
    const schedule = startSchedule({ checks, warmUp });
    const checkingAt = async (at: number) => {
      await vi.advanceTimersByTimeAsync(at - Date.now());
      return schedule.isChecking();
    };
    expect(await checkingAt(5_029)).toBe(false);
    expect(await checkingAt(5_031)).toBe(true);
    expect(await checkingAt(5_045)).toBe(false);
    schedule.refresh(1);
    expect(await checkingAt(5_046)).toBe(true);
    expect(await checkingAt(5_060)).toBe(false);
  });

  test('and has requests wait for only 250 ms of checks that take long', async () => {
    const hung = () =>
      Array.from({ length: 200 }, (_, i) => fakeCheck(`check-${i}`, hangingProbe()));
    const schedule = startSchedule({ checks: hung });
    await vi.advanceTimersByTimeAsync(5_249);
    expect(schedule.isChecking()).toBe(true);
    await vi.advanceTimersByTimeAsync(2);
    expect(schedule.isChecking()).toBe(false);
  });

  test('at once without rounds', async () => {
    const schedule = startSchedule({ checks });
    schedule.stop();
    expect(await turnAt(schedule, 7_000, 50)).toBe(7_000);
  });
});
