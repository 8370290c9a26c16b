import { expect, test } from 'vitest';
import { metricsPage } from '../../src/pages/metrics.ts';
import { scrapedMetrics } from '../scraped-metrics.ts';
import { ask, servePages } from '../served-pages.ts';

test('metricsPage() answers with the scrape and its content type', async () => {
  const { metrics, exporter } = scrapedMetrics();
  metrics.errors.add(3, { type: 'a', event: 'dns_done' });
  const { port } = await servePages({ '/metrics': metricsPage(() => exporter.scrape()) });
  const { status, headers, body } = await ask(port, '/metrics');
  expect(status).toBe(200);
  expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(body).toContain('kubenurse_errors_total{type="a",event="dns_done"} 3\n');
});

test('metricsPage() answers 500, and not half of a scrape, when that fails', async () => {
  const scrape = () => Promise.reject(new Error('metrics cannot be collected'));
  const { port, errors } = await servePages({ '/metrics': metricsPage(scrape) });
  const { status, body } = await ask(port, '/metrics');
  expect([status, body]).toEqual([500, 'Internal Server Error']);
  expect(errors).toEqual(['a request cannot be answered: metrics cannot be collected']);
});
