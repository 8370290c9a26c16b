import type { Attacked } from './attacked.ts';

/** The maximum ratio of the latencies under an attack to those in quiet (docs/performance.md). */
const MOST = { own: 2, p99: 10 };

const WHAT = { own: "p50 of the program's own checks", p99: "p99 of a neighbour's checks" };

/** The goals that these attacks miss, each in a sentence. */
export function missedAttackGoals(results: readonly Attacked[]): string[] {
  return results.flatMap(({ attack, quiet, attacked }) =>
    (['own', 'p99'] as const).flatMap((each) => {
      const times = attacked[each] / quiet[each];
      if (times <= MOST[each]) return [];
      return [
        `${attack}: ${WHAT[each]} is ${times.toFixed(1)} times as in quiet, not ${MOST[each]}`,
      ];
    }),
  );
}
