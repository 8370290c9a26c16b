import { request } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { expect, test, vi } from 'vitest';
import { metricsPage } from '../../src/pages/metrics.ts';
import { scrapedMetrics } from '../scraped-metrics.ts';
import { ask, servePages } from '../served-pages.ts';

const PROMETHEUS_2 =
  'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1';

/** A served page with three errors in it. */
async function served() {
  const { metrics, scrape } = scrapedMetrics();
  metrics.errors.add(3, { type: 'a', event: 'dns_done' });
  return servePages({ '/metrics': metricsPage(scrape) });
}

/** The answer's bytes, as they came. */
async function askBytes(port: number, headers: Record<string, string>) {
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
])('metricsPage() answers %s with the scrape and its content type', async (accept, type) => {
  const { port } = await served();
  const { status, headers, body } = await ask(port, '/metrics', { headers: { accept } });
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
  const asked = { 'accept-encoding': encodings };
  const { headers } = await ask(port, '/metrics', { headers: asked });
  expect(headers['content-encoding']).toBe(isGzip ? 'gzip' : undefined);
  expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  const bytes = await askBytes(port, asked);
  expect(String(isGzip ? gunzipSync(bytes) : bytes)).toContain(
    'kubenurse_errors_total{type="a",event="dns_done"} 3\n',
  );
});

test('metricsPage() scrapes in turn, whoever floods it', async () => {
  const scrape = vi.fn(async () => ({ contentType: 'text/plain', body: 'a 1\n' }));
  const { port } = await servePages({ '/metrics': metricsPage(scrape) });
  const answers = await Promise.all(Array.from({ length: 50 }, () => ask(port, '/metrics')));
  const statuses = new Set(answers.map(({ status }) => status));
  expect([...statuses].toSorted()).toEqual([200, 429]);
  expect(scrape.mock.calls.length).toBeLessThan(20);
});

test('metricsPage() answers 500, and not half of a scrape, when that fails', async () => {
  const scrape = () => Promise.reject(new Error('metrics cannot be collected'));
  const { port, errors } = await servePages({ '/metrics': metricsPage(scrape) });
  const { status, body } = await ask(port, '/metrics');
  expect([status, body]).toEqual([500, 'Internal Server Error']);
  expect(errors).toEqual(['a request cannot be answered: metrics cannot be collected']);
});
