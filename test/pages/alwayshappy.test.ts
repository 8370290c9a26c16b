import { expect, test } from 'vitest';
import { IncomingChecks } from '../../src/neighbours/incoming-checks.ts';
import { alwaysHappyPage } from '../../src/pages/alwayshappy.ts';
import { fetchPage, servePages } from '../support/served-pages.ts';

async function serveAlwaysHappy(incomingChecks: {
  record: (name: string) => void;
}): Promise<number> {
  const { port } = await servePages({
    '/alwayshappy': alwaysHappyPage(incomingChecks, 'KUBENURSE-PADDING'),
  });
  return port;
}

test('alwaysHappyPage() responds 200 with an empty body', async () => {
  const response = await fetchPage(await serveAlwaysHappy({ record: () => {} }), '/alwayshappy');
  expect(response).toMatchObject({ status: 200, body: '', headers: { 'content-length': '0' } });
});

test.each([
  ['GET', '/alwayshappy'],
  ['GET', '/alwayshappy?x=1'],
  ['GET', 'http://example.com/alwayshappy'],
  ['HEAD', '/alwayshappy'],
])(
  'alwaysHappyPage() responds to %s %s with the same, and counts its caller',
  async (method, path) => {
    const seen: string[] = [];
    const port = await serveAlwaysHappy({ record: (name) => seen.push(name) });
    const headers = { 'KUBENURSE-NEIGHBOUR-ORIGIN': 'kubenurse-1' };
    const response = await fetchPage(port, path, { method, headers });
    expect(response).toMatchObject({ status: 200, body: '' });
    expect(Object.keys(response.headers)).toEqual([
      'content-type',
      'content-length',
      'date',
      'connection',
    ]);
    expect(response.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(seen).toEqual(['kubenurse-1']);
  },
);

test('alwaysHappyPage() refuses POST', async () => {
  const port = await serveAlwaysHappy({ record: () => {} });
  const { status, headers } = await fetchPage(port, '/alwayshappy', { method: 'POST' });
  expect([status, headers.allow]).toEqual([405, 'GET, HEAD']);
});

test('alwaysHappyPage() counts a caller by the origin header, however that is spelled', async () => {
  const seen: string[] = [];
  const port = await serveAlwaysHappy({ record: (name) => seen.push(name) });
  await fetchPage(port, '/alwayshappy', {
    headers: { 'KUBENURSE-NEIGHBOUR-ORIGIN': 'kubenurse-1' },
  });
  await fetchPage(port, '/alwayshappy', {
    headers: { 'Kubenurse-Neighbour-Origin': 'kubenurse-2' },
  });
  expect(seen).toEqual(['kubenurse-1', 'kubenurse-2']);
});

test('alwaysHappyPage() counts nobody without the header, or with an empty one', async () => {
  const seen: string[] = [];
  const port = await serveAlwaysHappy({ record: (name) => seen.push(name) });
  await fetchPage(port, '/alwayshappy');
  await fetchPage(port, '/alwayshappy', { headers: { 'KUBENURSE-NEIGHBOUR-ORIGIN': '' } });
  expect(seen).toEqual([]);
});

test('upstream fault: a header chosen by the client grows a map without bound', async () => {
  const incomingChecks = new IncomingChecks();
  let requests = 0;
  const port = await serveAlwaysHappy({
    record: (name) => {
      requests++;
      incomingChecks.record(name);
    },
  });
  for (let i = 0; i < 9_998; i += 1) incomingChecks.record(`origin-${i}`);
  const call = (origin: string) =>
    fetchPage(port, '/alwayshappy', { headers: { 'KUBENURSE-NEIGHBOUR-ORIGIN': origin } });
  await call('a'.repeat(8_000));
  expect([requests, incomingChecks.count()]).toEqual([1, 9_998]);
  for (let i = 0; i < 10; i += 1) await call(`other-${i}`);
  expect([requests, incomingChecks.count()]).toEqual([11, 10_000]);
});

test('alwaysHappyPage() responds to a padded request with as many bytes', async () => {
  const port = await serveAlwaysHappy({ record: () => {} });
  for (const length of [1, 3_000, 18_200]) {
    const headers = { 'KUBENURSE-PADDING': 'x'.repeat(length) };
    const response = await fetchPage(port, '/alwayshappy', { headers });
    expect([response.status, response.body.length]).toEqual([200, length]);
  }
});
