import { expect, test } from 'vitest';
import { missedAttackGoals } from './attack-goals.ts';
import type { Attacked } from './attacked.ts';
import type { Period } from './attacked-period.ts';

const QUIET: Period = { own: 0.5, p99: 8, scrape: 100, cpu: 100, memory: 80e6 };

function under(attack: string, change: Partial<Period>): Attacked {
  return { attack, quiet: QUIET, attacked: { ...QUIET, ...change }, bare: undefined, after: 80e6 };
}

test('missedAttackGoals() reports a p50 above twice, and a p99 above ten times, that in quiet', () => {
  expect(missedAttackGoals([under('/alive', { own: 1, p99: 80 })])).toEqual([]);
  expect(
    missedAttackGoals([under('/alive', { own: 1.1 }), under('/metrics', { own: 0.4, p99: 84 })]),
  ).toEqual([
    "/alive: p50 of the program's own checks is 2.2 times as in quiet, not 2",
    "/metrics: p99 of a neighbour's checks is 10.5 times as in quiet, not 10",
  ]);
});
