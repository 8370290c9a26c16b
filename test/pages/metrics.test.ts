import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { until } from '../../lab/support/until.ts';
import { metricsPage } from '../../src/pages/metrics.ts';
import { anyTime, inTurn } from '../support/any-time.ts';
import { scrapedMetrics } from '../support/scraped-metrics.ts';
import { fetchPage, servePages } from '../support/served-pages.ts';

const PROMETHEUS_2 =
  'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';

/** A served page with three errors in it. */
async function served() {
  const { metrics, scrape } = scrapedMetrics();
  metrics.errors.add(3, { type: 'a', event: 'dns_done' });
  return servePages({ '/metrics': metricsPage(scrape, inTurn, anyTime) });
}

/** The response's bytes, as received. */
async function fetchBytes(port: number, headers: Record<string, string>) {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const signal = AbortSignal.timeout(5_000);
  const path = '/metrics';
  request({ host: '127.0.0.1', port, path, headers, agent: false, signal }, (response) =>
    buffer(response).then(resolve, reject),
  )
    .on('error', reject)
    .end();
  return promise;
}

test.each([
  ['*/*', 'text/plain; version=0.0.4; charset=utf-8'],
  [PROMETHEUS_2, 'application/openmetrics-text; version=1.0.0; charset=utf-8'],
])('metricsPage() responds to %s with the scrape and its content type', async (accept, type) => {
  const { port } = await served();
  const { status, headers, body } = await fetchPage(port, '/metrics', { headers: { accept } });
  expect(status).toBe(200);
  expect(headers['content-type']).toBe(type);
  expect(headers['content-length']).toBe(String(Buffer.byteLength(body)));
  expect(headers['content-encoding']).toBeUndefined();
  expect(headers.vary).toBe('Accept, Accept-Encoding');
  expect(body).toContain('kubenurse_errors_total{type="a",event="dns_done"} 3\n');
});

test.each([
  ['gzip', true],
  ['gzip, deflate, br, zstd', true],
  ['identity;q=0.5, gzip;q=0.8', true],
  ['gzip;q=0', false],
  ['deflate', false],
  ['identity', false],
])('metricsPage() compresses for %s: %s', async (encodings, isGzip) => {
  const { port } = await served();
  const encoded = { 'accept-encoding': encodings };
  const { headers } = await fetchPage(port, '/metrics', { headers: encoded });
  expect(headers['content-encoding']).toBe(isGzip ? 'gzip' : undefined);
  expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  const bytes = await fetchBytes(port, encoded);
  expect(String(isGzip ? gunzipSync(bytes) : bytes)).toContain(
    'kubenurse_errors_total{type="a",event="dns_done"} 3\n',
  );
});

test('metricsPage() responds with the bytes of a scrape as they are', async () => {
  const scrape = async () => ({ contentType: 'text/plain', body: Buffer.from('é 1\n') });
  const { port } = await servePages({ '/metrics': metricsPage(scrape, inTurn, anyTime) });
  expect(await fetchPage(port, '/metrics')).toMatchObject({ status: 200, body: 'é 1\n' });
  const zipped = await fetchBytes(port, { 'Accept-Encoding': 'gzip' });
  expect(gunzipSync(zipped).toString()).toBe('é 1\n');
});

test('metricsPage() compresses with the fastest level', async () => {
  const { port } = await served();
  const bytes = await fetchBytes(port, { 'accept-encoding': 'gzip' });
  const FASTEST = 4;
  // RFC 1952, section 2.3: XFL.
  expect(bytes[8]).toBe(FASTEST);
});

/** A page whose scrapes end when the test ends them. */
async function servedSlowly() {
  const scrapes: { format: string; end: () => void }[] = [];
  const page = metricsPage(
    async (format) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      scrapes.push({ format, end: resolve });
      const number = scrapes.length;
      await promise;
      return { contentType: 'text/plain', body: `scrapes ${number}\n` };
    },
    inTurn,
    anyTime,
  );
  const { port } = await servePages({ '/metrics': page });
  const seen = (count: number) =>
    until(`${count} have begun`, 5_000, () => scrapes.length === count);
  return { port, scrapes, seen };
}

test('metricsPage() gives all waiting clients the same scrape, even behind one address', async () => {
  const { port, scrapes, seen } = await servedSlowly();
  const first = fetchPage(port, '/metrics');
  await seen(1);
  const others = Array.from({ length: 40 }, () => fetchPage(port, '/metrics'));
  const zipped = fetchBytes(port, { 'Accept-Encoding': 'gzip' });
  // Nothing shows from outside that they have arrived.
  await sleep(300);
  scrapes[0]?.end();
  expect(await first).toMatchObject({ status: 200, body: 'scrapes 1\n' });
  await seen(2);
  scrapes[1]?.end();
  for (const response of await Promise.all(others)) {
    expect(response).toMatchObject({ status: 200, body: 'scrapes 2\n' });
  }
  expect(gunzipSync(await zipped).toString()).toBe('scrapes 2\n');
  expect(scrapes).toHaveLength(2);
});

test('metricsPage() does not scrape for each client that has gone', async () => {
  const { port, scrapes, seen } = await servedSlowly();
  const first = fetchPage(port, '/metrics');
  await seen(1);
  const gone = Array.from({ length: 100 }, async (_, i) => {
    const socket = connect({ host: '127.0.0.1', port, localAddress: `127.0.0.${2 + i}` });
    await once(socket, 'connect');
    socket.write('GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n', () => socket.destroy());
    await once(socket, 'close');
  });
  await Promise.all(gone);
  const last = fetchPage(port, '/metrics');
  await sleep(300);
  scrapes[0]?.end();
  await first;
  await seen(2);
  scrapes[1]?.end();
  expect((await last).status).toBe(200);
  expect(scrapes).toHaveLength(2);
});

test('metricsPage() responds with 500, and not with half of a scrape, if that fails', async () => {
  const scrape = () => Promise.reject(new Error('metrics cannot be collected'));
  const { port, errors } = await servePages({ '/metrics': metricsPage(scrape, inTurn, anyTime) });
  const { status, body } = await fetchPage(port, '/metrics');
  expect([status, body]).toEqual([500, 'Internal Server Error']);
  expect(errors).toEqual(['cannot serve a request: metrics cannot be collected']);
});

test('metricsPage() takes at most a tenth of a CPU: it rests for nine times as long as a scrape took', async () => {
  const scrapes: { begin: number; end: number }[] = [];
  const page = metricsPage(
    async () => {
      const begin = performance.now();
      await sleep(50);
      scrapes.push({ begin, end: performance.now() });
      return { contentType: 'text/plain', body: 'a 1\n' };
    },
    inTurn,
    anyTime,
  );
  const { port } = await servePages({ '/metrics': page });
  for (let i = 0; i < 3; i += 1) await fetchPage(port, '/metrics');

  expect(scrapes).toHaveLength(3);
  for (const [i, { begin }] of scrapes.slice(1).entries()) {
    const last = scrapes[i] ?? { begin: 0, end: 0 };
    // At most a second.
    expect(begin - last.end).toBeGreaterThan(Math.min(8.5 * (last.end - last.begin), 990));
  }
});
