import type { Report } from '../verdict/report.ts';
import type { Page } from './page.ts';
import { shared } from './shared.ts';

/** The rest after a report, as a multiple of the time that it took: a tenth of a CPU at the most. */
const REST_PER_RUN = 9;

/** What this pod knows, as JSON. All who wait at once share one report, and making it starts no check. */
export function reportPage(report: () => Report): Page {
  const current = shared(async () => Buffer.from(`${JSON.stringify(report())}\n`), REST_PER_RUN);
  return async (context) => {
    const body = await current();
    context.type = 'application/json';
    context.body = body;
  };
}
