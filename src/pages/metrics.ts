import { promisify } from 'node:util';
import { constants, gzip } from 'node:zlib';
import { formatFor, prefersGzip } from './accept.ts';
import type { InTurn } from './in-turn.ts';
import type { Page } from './page.ts';
import { shared } from './shared.ts';
import { boundUnread } from './unread.ts';

const gzipped = promisify(gzip);

/** The fastest level: a fifth more bytes than zlib's default, for two fifths of its CPU time. */
const LEVEL = constants.Z_BEST_SPEED;

/** How long a scrape of 400 series takes, in milliseconds (docs/performance.md). */
const SCRAPE_MS = 10;

/**
 * The rest after a scrape, as a multiple of its duration: a tenth of a CPU, unless one takes more
 * than 0.1 s.
 */
const REST_PER_SCRAPE = 9;

type Format = 'text' | 'openmetrics';

type Scrape = Readonly<{ contentType: string; body: string | Buffer }>;

/**
 * Responds with a scrape, compressed if the client accepts that, or with 500 if it cannot be made.
 * All clients that wait for the same format get the same bytes. `timeFor` resolves when there is
 * time for work of this many milliseconds.
 */
export function metricsPage(
  scrape: (format: Format) => Promise<Scrape>,
  inTurn: InTurn,
  timeFor: (milliseconds: number) => Promise<unknown>,
): Page {
  const pace = { restPerRun: REST_PER_SCRAPE, whenFree: () => timeFor(SCRAPE_MS) };
  const formats = { text: scrapedAs('text'), openmetrics: scrapedAs('openmetrics') };
  function scrapedAs(format: Format) {
    return shared(async () => {
      const { contentType, body } = await scrape(format);
      const plain = typeof body === 'string' ? Buffer.from(body) : body;
      let zipped: Promise<Buffer> | undefined;
      return { contentType, plain, zipped: () => (zipped ??= gzipped(plain, { level: LEVEL })) };
    }, pace);
  }
  const hold = { text: boundUnread(), openmetrics: boundUnread() };
  return async (context) => {
    const isZipped = prefersGzip(context.get('Accept-Encoding'));
    const format = formatFor(context.get('Accept'));
    const scraped = await formats[format]();
    if (context.res.destroyed) return;
    const body = isZipped ? await scraped.zipped() : scraped.plain;
    if (!(await inTurn(context.res))) return;
    hold[format](scraped, context.res);
    context.vary('Accept, Accept-Encoding');
    if (isZipped) context.set('Content-Encoding', 'gzip');
    context.body = body;
    context.set('Content-Type', scraped.contentType);
  };
}
