import { type Abuse, abuseTable, measureAbuse } from './served/abuse.ts';
import { type AlwaysHappy, alwaysHappyTable, measureAlwaysHappy } from './served/always-happy.ts';
import { missedAttackGoals } from './served/attack-goals.ts';
import { type Attacked, attacksTable, measureAttacks } from './served/attacked.ts';
import { ATTACKS } from './served/attacks.ts';
import { measurePages, type Pages, pagesTable } from './served/pages.ts';
import type { Benchmark } from './support/benchmark.ts';
import { list, programFile, someOf, wholeNumber } from './support/options.ts';

const PARTS = ['alwayshappy', 'pages', 'abuse', 'attacks'] as const;

const OPTIONS = {
  parts: someOf(PARTS),
  // Each has an address in 127.90.0.0/16 (served/neighbours.ts).
  neighbours: list(wholeNumber({ default: '13,1000', min: 1, max: 60_000 })),
  attacks: someOf(Object.keys(ATTACKS)),
  program: programFile(),
};

type Served = Readonly<{
  alwaysHappy?: readonly AlwaysHappy[];
  pages?: readonly Pages[];
  abuse?: Abuse;
  attacks?: readonly Attacked[];
}>;

/**
 * Measures what the responses of the packed program (`npm run bundle`) cost, and what the probe
 * measures while it is flooded with requests. `--parts`: only these of the four; `--attacks`: only
 * these of `served/attacks.ts`; `--neighbours`: how many there are when the pages are requested;
 * `--program`: another packed program.
 */
export const served: Benchmark<Served, typeof OPTIONS> = {
  summary: 'cost of the endpoints, and what the probe measures while it is flooded with requests',
  options: OPTIONS,
  run: async (run) => {
    const { parts: chosen, neighbours, attacks, program } = run.values;
    return {
      ...(chosen.includes('alwayshappy') && {
        alwaysHappy: await measureAlwaysHappy(program, run),
      }),
      ...(chosen.includes('pages') && { pages: await measurePages(program, neighbours, run) }),
      ...(chosen.includes('abuse') && { abuse: await measureAbuse(program, run) }),
      ...(chosen.includes('attacks') && { attacks: await measureAttacks(program, attacks, run) }),
    };
  },
  table: ({ alwaysHappy, pages, abuse, attacks }) =>
    [
      ...(alwaysHappy ? [alwaysHappyTable(alwaysHappy)] : []),
      ...(pages ? [pagesTable(pages)] : []),
      ...(abuse ? [abuseTable(abuse)] : []),
      ...(attacks ? [attacksTable(attacks)] : []),
    ].join('\n\n'),
  missedGoals: ({ attacks = [] }) => missedAttackGoals(attacks),
};
