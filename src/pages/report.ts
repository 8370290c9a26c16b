import type { Report } from '../verdict/report.ts';
import type { InTurn } from './in-turn.ts';
import type { Page } from './page.ts';
import { shared } from './shared.ts';
import { boundUnread } from './unread.ts';

/** The rest after a report, as a multiple of the time that it took: a tenth of a CPU at the most. */
const REST_PER_RUN = 9;

/**
 * What this pod knows, as JSON; with `?hour=failures` the last hour only of checks that failed within it. All who wait at
 * once share one report, and making it starts no check.
 */
export function reportPage(report: (hour: 'all' | 'failures') => Report, inTurn: InTurn): Page {
  const bytesWith = (hour: 'all' | 'failures') =>
    shared(async () => Buffer.from(`${JSON.stringify(report(hour))}\n`), {
      restPerRun: REST_PER_RUN,
    });
  const reports = { all: bytesWith('all'), failures: bytesWith('failures') };
  const hold = { all: boundUnread(), failures: boundUnread() };
  return async (context) => {
    const hour = context.querystring === 'hour=failures' ? 'failures' : 'all';
    const body = await reports[hour]();
    if (!(await inTurn(context.res))) return;
    hold[hour](body, context.res);
    context.type = 'application/json';
    context.body = body;
  };
}
