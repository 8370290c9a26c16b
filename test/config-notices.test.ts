import { expect, test } from 'vitest';
import { readConfig } from '../src/config.ts';
import { ENVIRONMENT, mistakesIn } from './support/environment.ts';

/** What Kubernetes sets for a Service named kubenurse with the ports http and https (`enableServiceLinks`). */
const SERVICE_LINKS = {
  KUBENURSE_SERVICE_HOST: '10.96.7.1',
  KUBENURSE_SERVICE_PORT: '8080',
  KUBENURSE_SERVICE_PORT_HTTP: '8080',
  KUBENURSE_SERVICE_PORT_HTTPS: '8443',
  KUBENURSE_PORT: 'tcp://10.96.7.1:8080',
  KUBENURSE_PORT_8080_TCP: 'tcp://10.96.7.1:8080',
  KUBENURSE_PORT_8080_TCP_PROTO: 'tcp',
  KUBENURSE_PORT_8080_TCP_PORT: '8080',
  KUBENURSE_PORT_8080_TCP_ADDR: '10.96.7.1',
  KUBENURSE_TLS_SERVICE_HOST: '10.96.7.2',
  KUBENURSE_TLS_PORT: 'tcp://10.96.7.2:8443',
};

test('readConfig() takes the links to a Service named kubenurse for no settings', () => {
  expect(readConfig({ ...ENVIRONMENT, ...SERVICE_LINKS })).toEqual(readConfig(ENVIRONMENT));
});

test('readConfig() takes a port that is no link for a setting', () => {
  const config = readConfig({ ...ENVIRONMENT, ...SERVICE_LINKS, KUBENURSE_PORT: '8081' });
  expect(config.server.port).toBe(8081);
  expect(mistakesIn({ ...ENVIRONMENT, KUBENURSE_PORT: 'http://10.96.7.1:8080' })).toHaveLength(1);
});

test('readConfig() tells of variables that it does not know, and starts all the same', () => {
  const unknown = { KUBENURSE_CHECK_INTERVALL: '5s', KUBENURSE_: 'x', OTHER: 'x' };
  expect(readConfig({ ...ENVIRONMENT, ...unknown }).notices).toEqual([
    'KUBENURSE_CHECK_INTERVALL is no variable of ours and has no effect: see kubenurse --help',
    'KUBENURSE_ is no variable of ours and has no effect: see kubenurse --help',
  ]);
});

test("readConfig() tells what there is instead of VictoriaMetrics's histograms", () => {
  const { notices } = readConfig({ ...ENVIRONMENT, KUBENURSE_VICTORIAMETRICS_HISTOGRAM: 'true' });
  expect(notices).toEqual([
    'KUBENURSE_VICTORIAMETRICS_HISTOGRAM is not offered: for buckets that need no boundaries use the exponential ' +
      'histograms of the OTLP push (OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION=base2_exponential_bucket_histogram)',
  ]);
});

test.each([
  ['KUBENURSE_INGRESS_URL', 'ftp://me:secret@example.com', 'ftp://[redacted]@example.com'],
  ['KUBENURSE_INGRESS_URL', 'https://secret@example.com?x', 'https://[redacted]@example.com?x'],
  ['KUBENURSE_INGRESS_URL', 'https://me:s@cret@example.com?x', 'https://[redacted]@example.com?x'],
  ['KUBENURSE_SERVICE_URL', 'https://me:secret/@example.com', 'https://[redacted]@example.com'],
  ['KUBENURSE_SERVICE_URL', 'https://me:se cret@exa mple.com', 'https://[redacted]@exa mple.com'],
  ['KUBENURSE_SERVICE_URL', 'https://me:se|cret@example.com?x', 'https://[redacted]@example.com?x'],
  ['KUBENURSE_SERVICE_URL', 'me:secret@example.com', '[redacted]@example.com'],
  ['KUBENURSE_SERVICE_URL', `https://me:${'secret'.repeat(50)}@example.com?x`, '[redacted]'],
  ['KUBENURSE_EXTRA_CHECKS', 'a:http://me:secret@a|b:c', 'a:http://[redacted]@a|b:c'],
  ['KUBENURSE_EXTRA_CHECKS', 'a:x|b:ftp://me:secret@b', '[redacted]@b'],
])('readConfig() shows no credentials of a mistaken URL: %s=%s', (name, value, shown) => {
  const [mistake] = mistakesIn({ ...ENVIRONMENT, [name]: value });
  expect(mistake).toContain(shown);
  expect(mistake).not.toMatch(/se.?cret|me:/);
});

test('readConfig() shows no endless value', () => {
  const [mistake] = mistakesIn({ ...ENVIRONMENT, KUBENURSE_NAMESPACE: 'A'.repeat(100_000) });
  expect(mistake?.length).toBeLessThan(400);
});
