import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { inTurn } from './in-turn.ts';
import type { Page } from './page.ts';

const compress = promisify(gzip);

/** What a scrape answers, compressed where the client takes that; 500 when it cannot be made. Given in turn. */
export function metricsPage(
  scrape: (accept: string) => Promise<Readonly<{ contentType: string; body: string }>>,
): Page {
  return inTurn(async (context) => {
    const { contentType, body } = await scrape(context.get('Accept'));
    context.vary('Accept, Accept-Encoding');
    if (context.acceptsEncodings('gzip', 'identity') === 'gzip') {
      context.set('Content-Encoding', 'gzip');
      context.body = await compress(body);
    } else {
      context.body = body;
    }
    context.set('Content-Type', contentType);
  });
}
