import { expect, test } from 'vitest';
import { fetchPage } from '../support/served-pages.ts';
import { startListening } from '../support/start-program.ts';

// The page is defined in src/routes.ts, so the test requests it from the program.
test('/ redirects by 301 to /alive', async () => {
  const { url } = await startListening();
  const { status, headers } = await fetchPage(Number(new URL(url).port), '/');
  expect([status, headers.location]).toEqual([301, '/alive']);
});
