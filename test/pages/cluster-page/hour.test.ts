import { expect, test } from 'vitest';
import { HourSum, shares } from '../../../src/pages/cluster-page/hour.ts';
import type { CheckReport, Report } from '../../../src/verdict/report.ts';
import { NOW, smallView } from '../../verdict/small-view.ts';

const [report] = smallView({ failing: { 'node-1 me_ingress': 'tls' }, consecutive: 36 }).reports;

function hourOf(change: Partial<CheckReport>, pod: Partial<Report> = {}) {
  const check = report?.checks.find(({ type }) => type === 'me_ingress');
  if (report === undefined || check === undefined) throw new Error('no check');
  const sum = new HourSum();
  sum.add({ ...check, ...change }, { ...report, ...pod }, NOW);
  return sum.hour;
}

test('HourSum.add() assigns minutes by the collecting pod’s clock', () => {
  const skew = 240;
  const start = Math.floor(NOW / 60) * 60 - 120 + skew;
  const lastHour = {
    start,
    minutes: [
      [12, 0, 0.1],
      [12, 6, 0.1],
      [3, 3, null],
    ] as const,
  };
  const hour = hourOf({ lastHour }, { reportedAt: NOW + skew });
  expect(shares(hour).slice(-4)).toEqual([0, 0, 0.5, 1]);
  expect([...hour.checks.slice(-4)]).toEqual([0, 12, 12, 3]);
});

test('HourSum.add() uses the last state of a check without an hour', () => {
  const hour = hourOf({ since: NOW - 180 });
  expect(shares(hour).slice(-5)).toEqual([0, 1, 1, 1, 1]);
  expect(hour.checks[0]).toBe(12);
});

test('HourSum.add() counts nothing before the program began', () => {
  const hour = hourOf({ state: 'ok' }, { startedAt: NOW - 60 });
  expect([...hour.checks.slice(-4)]).toEqual([0, 0, 12, 12]);
});

test('HourSum adds checks of any interval, and no failure where there was none', () => {
  const sum = new HourSum();
  for (const since of [NOW - 180, NOW - 60]) {
    for (const checkIntervalSeconds of [7, 5]) {
      const check = report?.checks.find(({ type }) => type === 'me_ingress');
      if (report === undefined || check === undefined) throw new Error('no check');
      sum.add({ ...check, since }, { ...report, checkIntervalSeconds }, NOW);
    }
  }
  const { checks, failures } = sum.hour;
  expect(failures.slice(-5)).toEqual(
    new Float64Array([0, 1, 1, 2, 2].map((n) => n * (60 / 7 + 12))),
  );
  expect(checks.at(-1)).toBe(2 * (60 / 7 + 12));
});
