import { expect, test } from 'vitest';
import { fetchPage } from '../support/served-pages.ts';
import { startListening } from '../support/start-program.ts';

/** Koa's own redirect would parse this, which takes milliseconds of the event loop per request. */
const LONG_ACCEPT = `text/html,${'a/b;q=0.5,'.repeat(2_000)}`;

// The page is defined in src/routes.ts, so the test requests it from the program.
test.each(['/', '/alive/', '//alive'])(
  '%s redirects by 301, whatever is accepted',
  async (path) => {
    const { url } = await startListening();
    const { status, headers, body } = await fetchPage(Number(new URL(url).port), path, {
      headers: { Accept: LONG_ACCEPT },
    });
    expect([status, headers.location]).toEqual([301, '/alive']);
    expect([headers['content-type'], body]).toEqual([
      'text/plain; charset=utf-8',
      'Moved to /alive\n',
    ]);
  },
);
