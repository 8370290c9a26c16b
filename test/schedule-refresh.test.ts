import { describe, expect, test, vi } from 'vitest';
import { CheckStates } from '../src/check-states.ts';
import { createChecks } from '../src/checks.ts';
import type { Recorder } from '../src/model.ts';
import { Neighbourhood } from '../src/neighbours/discover.ts';
import { Schedule, type ScheduleOptions } from '../src/schedule.ts';
import { fakeCheck, hangingProbe, ok, respondingProbe } from './support/fake-check.ts';
import { useFakeClock } from './support/fake-clock.ts';

const INTERVAL = 5_000;

useFakeClock();

function scheduleOf(checks: ScheduleOptions['checks'], recorders: readonly Recorder[] = []) {
  return new Schedule({
    states: new CheckStates(0),
    checks,
    recorders,
    interval: INTERVAL,
    phaseOffset: 0,
  });
}

/** Returns whether the promise has settled, as of the last time the clock advanced. */
function settling(promise: Promise<void>): () => boolean {
  let isSettled = false;
  promise.finally(() => {
    isSettled = true;
  });
  return () => isSettled;
}

describe('Schedule.refresh()', () => {
  test('runs checks whose results are older, and not those with fresh results', async () => {
    const old = respondingProbe(0);
    const fresh = respondingProbe(0);
    const checks = [fakeCheck('old', { probe: old.probe })];
    const schedule = scheduleOf(() => checks);
    await schedule.refresh(3_000);
    await vi.advanceTimersByTimeAsync(1_000);
    checks.push(fakeCheck('fresh', { probe: fresh.probe }));
    await schedule.refresh(3_000);
    expect([old.calledAt, fresh.calledAt]).toEqual([[0], [1_000]]);

    await vi.advanceTimersByTimeAsync(2_001);
    await schedule.refresh(3_000);
    expect([old.calledAt, fresh.calledAt]).toEqual([[0, 3_001], [1_000]]);
  });

  test('runs each check once for many concurrent calls, and then resolves all of them', async () => {
    const { probe, attempts } = hangingProbe();
    const schedule = scheduleOf(() => [fakeCheck('a', { probe })]);
    const settled = Array.from({ length: 50 }, () => settling(schedule.refresh(3_000)));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(attempts).toHaveLength(1);
    expect(settled.map((isSettled) => isSettled())).not.toContain(true);

    attempts[0]?.resolve(ok());
    await vi.advanceTimersByTimeAsync(0);
    expect(settled.map((isSettled) => isSettled())).not.toContain(false);
    expect(attempts).toHaveLength(1);
  });

  test('runs each check once for many concurrent calls, even if it ends before all have begun', async () => {
    const probes = [respondingProbe(1), respondingProbe(1)];
    const checks = probes.map(({ probe }, i) => fakeCheck(`${i}`, { probe }));
    const schedule = scheduleOf(() => checks);
    const all = Promise.all(Array.from({ length: 50 }, () => schedule.refresh(3_000)));
    await vi.advanceTimersByTimeAsync(100);
    await all;
    expect(probes.map(({ calledAt }) => calledAt)).toEqual([[0], [1]]);
  });

  test.each([
    [5_000, 3_000],
    [1_000, 1_000],
  ])(
    'runs a check at most every 3 s, or in each round of %i ms, however often it is called',
    async (interval, every) => {
      const { probe, calledAt } = respondingProbe(10);
      const checks = [fakeCheck('a', { probe })];
      const schedule = new Schedule({
        states: new CheckStates(0),
        checks: () => checks,
        recorders: [],
        interval,
        phaseOffset: 0,
      });
      schedule.start();
      for (let time = 0; time < 60_000; time += 50) {
        schedule.refresh(3_000);
        await vi.advanceTimersByTimeAsync(50);
      }
      schedule.stop();
      expect(calledAt.length).toBeLessThanOrEqual(60_000 / every + 1);
      expect(calledAt.length).toBeGreaterThanOrEqual(0.9 * (60_000 / every));
    },
  );

  test('repeats a check after at most 1.6 intervals', async () => {
    const { probe, calledAt } = respondingProbe(10);
    const checks = [fakeCheck('a', { probe })];
    const schedule = scheduleOf(() => checks);
    schedule.start();
    for (const pause of [4_900, 8_200, 4_900, 13_050, 4_500]) {
      await vi.advanceTimersByTimeAsync(pause);
      schedule.refresh(3_000);
    }
    await vi.advanceTimersByTimeAsync(20_000);
    schedule.stop();
    const gaps = calledAt.slice(1).map((time, i) => time - (calledAt[i] ?? 0));
    expect(Math.max(...gaps)).toBeGreaterThan(INTERVAL);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(1.6 * INTERVAL);
  });

  test('waits for the checks that a round has in flight instead of starting them again', async () => {
    const { probe, attempts } = hangingProbe();
    const schedule = scheduleOf(() => [fakeCheck('a', { probe })]);
    schedule.start();
    await vi.advanceTimersByTimeAsync(100);
    const isSettled = settling(schedule.refresh(3_000));
    await vi.advanceTimersByTimeAsync(100);
    expect(isSettled()).toBe(false);
    attempts[0]?.resolve(ok());
    await vi.advanceTimersByTimeAsync(0);
    expect(isSettled()).toBe(true);
    expect(attempts).toHaveLength(1);
    schedule.stop();
  });

  test('has removed the checks that left meanwhile when it resolves', async () => {
    const { probe, attempts } = hangingProbe();
    const checks = ['stays', 'leaves'].map((type) => fakeCheck(type, { probe }));
    const ended: string[] = [];
    const recorder: Recorder = { record: () => {}, removed: ({ type }) => ended.push(type) };
    const refreshed = scheduleOf(() => checks, [recorder]).refresh(3_000);
    await vi.advanceTimersByTimeAsync(100);
    expect(attempts).toHaveLength(2);
    checks.pop();
    for (const { resolve } of attempts) resolve(ok());
    await refreshed;
    expect(ended).toEqual(['leaves']);
  });

  test('runs nothing after stop(), and waits for nothing', async () => {
    const { probe, calledAt } = respondingProbe(0);
    const schedule = scheduleOf(() => [fakeCheck('a', { probe })]);
    schedule.stop();
    await schedule.refresh(0);
    expect(calledAt).toEqual([]);
  });

  test.each([
    ['is off', undefined],
    [
      'cannot be listed',
      new Neighbourhood({
        podName: 'self',
        namespace: 'monitoring',
        nodeName: 'self',
        hostname: 'self',
        limit: 10,
        pods: {
          items: undefined,
          isWatching: false,
          currentAt: null,
          retryNow: () => {},
          error: new Error('pods is forbidden'),
        },
        cordonedNodes: undefined,
        isNodeGone: async () => false,
        zoneOf: () => '',
      }),
    ],
  ])(
    'upstream fault: a round ends before its checks if the neighbourhood %s',
    async (_, neighbourhood) => {
      const { probe } = respondingProbe(200);
      const url = new URL('https://example.com');
      const checks = createChecks(
        {
          apiServerDirect: url,
          apiServerDns: url,
          meIngress: url,
          meService: url,
          extra: [],
          neighbours: neighbourhood && { scheme: 'http', port: 8080 },
        },
        { apiServer: probe, neighbour: probe, rotating: probe, other: probe },
        neighbourhood,
        { isTooEarly: async () => false },
      );
      const reported: string[] = [];
      const record: Recorder['record'] = ({ check }) => reported.push(check.type);
      const isSettled = settling(scheduleOf(checks, [{ record }]).refresh(3_000));
      await vi.advanceTimersByTimeAsync(270);
      expect(isSettled()).toBe(false);
      await vi.advanceTimersByTimeAsync(10);
      expect(isSettled()).toBe(true);
      expect(reported).toEqual(['api_server_direct', 'api_server_dns', 'me_ingress', 'me_service']);
    },
  );
});
