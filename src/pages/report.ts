import type { Report } from '../verdict/report.ts';
import type { InTurn } from './in-turn.ts';
import type { Page } from './page.ts';
import { shared } from './shared.ts';
import { boundUnread } from './unread.ts';

/**
 * Rest after a report, as a multiple of its time: a tenth of a CPU, if it takes less than 0.1 s.
 */
const REST_PER_RUN = 9;

/**
 * What this pod knows, as JSON; with `?hour=failures`, the last hour only of checks that failed
 * within it. All clients that wait at once share one report, and making it starts no check.
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
