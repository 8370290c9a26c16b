import { expect, test } from 'vitest';
import { readyPage } from '../../src/pages/ready.ts';
import { fetchPage, servePages } from '../support/served-pages.ts';

test('readyPage() responds with the current state: 200, or 503 and the reason', async () => {
  let notReadyReason: string | undefined;
  let found = 0;
  const { port } = await servePages({
    '/ready': readyPage(
      () => notReadyReason,
      () => {
        found++;
      },
    ),
  });
  expect(await fetchPage(port, '/ready')).toMatchObject({ status: 200, body: '' });
  notReadyReason = 'the node is cordoned';
  expect(await fetchPage(port, '/ready')).toMatchObject({
    status: 503,
    body: 'the node is cordoned\n',
  });
  notReadyReason = undefined;
  expect(await fetchPage(port, '/ready')).toMatchObject({ status: 200, body: '' });
  // Clients that found the pod ready, not one that got 503.
  expect(found).toBe(2);
});
