import { join } from 'node:path';
import { type Abuse, abuseTable, measureAbuse } from './served/abuse.ts';
import { type AlwaysHappy, alwaysHappyTable, measureAlwaysHappy } from './served/always-happy.ts';
import { type Attacked, attacksTable, measureAttacks } from './served/attacked.ts';
import { measurePages, type Pages, pagesTable } from './served/pages.ts';
import type { Benchmark } from './support/benchmark.ts';

const PACKED = join(import.meta.dirname, '../dist/kubenurse.cjs');

const PARTS = ['alwayshappy', 'pages', 'abuse', 'attacks'];

type Served = Readonly<{
  alwaysHappy?: readonly AlwaysHappy[];
  pages?: readonly Pages[];
  abuse?: Abuse;
  attacks?: readonly Attacked[];
}>;

/**
 * What the responses of the packed program cost (`npm run bundle`), and what the probe measures while it is flooded with
 * requests. `--parts`: only these of the four; `--attacks`: only these of `served/attacks.ts`; `--neighbours`: with how many the pages are requested; `--program`:
 * another packed program.
 */
export const served: Benchmark<Served> = {
  options: { parts: PARTS.join(','), neighbours: '13,1000', attacks: '', program: PACKED },
  run: async (run) => {
    const { parts = '', program = PACKED } = run.values;
    const chosen = parts.split(',');
    if (!chosen.every((part) => PARTS.includes(part))) {
      throw new Error(`--parts ${parts}: say some of ${PARTS.join(', ')}`);
    }
    return {
      ...(chosen.includes('alwayshappy') && {
        alwaysHappy: await measureAlwaysHappy(program, run),
      }),
      ...(chosen.includes('pages') && { pages: await measurePages(program, run) }),
      ...(chosen.includes('abuse') && { abuse: await measureAbuse(program, run) }),
      ...(chosen.includes('attacks') && { attacks: await measureAttacks(program, run) }),
    };
  },
  table: ({ alwaysHappy, pages, abuse, attacks }) =>
    [
      ...(alwaysHappy ? [alwaysHappyTable(alwaysHappy)] : []),
      ...(pages ? [pagesTable(pages)] : []),
      ...(abuse ? [abuseTable(abuse)] : []),
      ...(attacks ? [attacksTable(attacks)] : []),
    ].join('\n\n'),
};
