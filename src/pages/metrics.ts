import type { Page } from './page.ts';

/** What a scrape answers; 500 when that cannot be made. */
export function metricsPage(
  scrape: () => Promise<Readonly<{ contentType: string; body: string }>>,
): Page {
  return async (context) => {
    const { contentType, body } = await scrape();
    context.body = body;
    context.set('Content-Type', contentType);
  };
}
