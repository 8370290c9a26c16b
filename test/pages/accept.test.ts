import { expect, test } from 'vitest';
import { formatFor, prefersGzip } from '../../src/pages/accept.ts';

test.each([
  ['curl', '*/*', 'text'],
  ['no Accept at all', '', 'text'],
  [
    'Prometheus 2',
    'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
    'openmetrics',
  ],
  [
    'Prometheus 3',
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
    'openmetrics',
  ],
  [
    'Prometheus with scrape_protocols: [PrometheusText0.0.4]',
    'text/plain;version=0.0.4;q=0.2,*/*;q=0.1',
    'text',
  ],
  [
    'a client that wants text rather',
    'application/openmetrics-text;q=0.5, text/plain; q=0.9',
    'text',
  ],
  [
    'a client that wants both alike',
    'text/plain;q=0.5,application/openmetrics-text;q=0.5',
    'openmetrics',
  ],
  ['a client that refuses OpenMetrics', 'application/openmetrics-text;q=0,*/*', 'text'],
  ['a browser', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text'],
  ['a client that shouts', 'Application/OpenMetrics-Text', 'openmetrics'],
  ['nonsense', ';;q=,application/openmetrics-text;q=high', 'text'],
  [
    'who sends more than anybody does',
    `${'a/b,'.repeat(4_000)}application/openmetrics-text`,
    'text',
  ],
])('formatFor() follows Accept: %s', (_, accept, expected) => {
  expect(formatFor(accept)).toBe(expected);
});

test.each([
  ['gzip', true],
  ['gzip, deflate, br, zstd', true],
  ['GZIP', true],
  ['identity;q=0.5, gzip;q=0.8', true],
  ['identity;q=0.8, gzip;q=0.8', true],
  ['identity, gzip;q=0.8', false],
  ['gzip;q=0', false],
  ['deflate', false],
  ['identity', false],
  ['', false],
  [`${'a,'.repeat(8_000)}gzip`, false],
])('prefersGzip() follows Accept-Encoding: %s', (acceptEncoding, expected) => {
  expect(prefersGzip(acceptEncoding)).toBe(expected);
});
