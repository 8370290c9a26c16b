import { expect, test } from 'vitest';
import { addHour, emptyHour, shares } from '../../../src/pages/cluster-page/hour.ts';
import type { CheckReport, Report } from '../../../src/verdict/report.ts';
import { NOW, smallView } from '../../verdict/small-view.ts';

const [report] = smallView({ failing: { 'node-1 me_ingress': 'tls' }, consecutive: 36 }).reports;

function hourOf(change: Partial<CheckReport>, pod: Partial<Report> = {}) {
  const check = report?.checks.find(({ type }) => type === 'me_ingress');
  if (report === undefined || check === undefined) throw new Error('no check');
  const hour = emptyHour();
  addHour(hour, { ...check, ...change }, { ...report, ...pod }, NOW);
  return hour;
}

test('addHour() puts minutes where they belong by the collecting pod’s clock', () => {
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

test('addHour() goes by the last state of a check without an hour', () => {
  const hour = hourOf({ since: NOW - 180 });
  expect(shares(hour).slice(-5)).toEqual([0, 1, 1, 1, 1]);
  expect(hour.checks[0]).toBe(12);
});

test('addHour() counts nothing before the program began', () => {
  const hour = hourOf({ state: 'ok' }, { startedAt: NOW - 60 });
  expect([...hour.checks.slice(-4)]).toEqual([0, 0, 12, 12]);
});
