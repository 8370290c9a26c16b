import { expect, test } from 'vitest';
import { readConfig } from '../src/config.ts';
import { ENVIRONMENT, mistakesIn } from './support/environment.ts';

/** Set by Kubernetes for a Service kubenurse with ports http and https (`enableServiceLinks`). */
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

test('readConfig() ignores the service links of a Service named kubenurse', () => {
  expect(readConfig({ ...ENVIRONMENT, ...SERVICE_LINKS })).toEqual(readConfig(ENVIRONMENT));
});

test('readConfig() takes a port that is not a service link for a setting', () => {
  const config = readConfig({ ...ENVIRONMENT, ...SERVICE_LINKS, KUBENURSE_PORT: '8081' });
  expect(config.server.port).toBe(8081);
  expect(mistakesIn({ ...ENVIRONMENT, KUBENURSE_PORT: 'http://10.96.7.1:8080' })).toHaveLength(1);
});

test('readConfig() warns of variables that it does not know, and starts all the same', () => {
  const unknown = { KUBENURSE_CHECK_INTERVALL: '5s', KUBENURSE_: 'x', OTHER: 'x' };
  expect(readConfig({ ...ENVIRONMENT, ...unknown }).warnings).toEqual([
    'KUBENURSE_CHECK_INTERVALL is not a known variable and has no effect: did you mean KUBENURSE_CHECK_INTERVAL?',
    'KUBENURSE_ is not a known variable and has no effect: see kubenurse --help',
  ]);
});

test.each([
  ['KUBENUSRE_NAMESPACE', 'KUBENURSE_NAMESPACE'],
  ['KUBENURSE_NEIGHBOR_LIMIT', 'KUBENURSE_NEIGHBOUR_LIMIT'],
  ['OTEL_METRIC_EXPORTER', 'OTEL_METRICS_EXPORTER'],
])('readConfig() reports the misspelt %s and suggests %s', (misspelt, meant) => {
  expect(readConfig({ ...ENVIRONMENT, [misspelt]: 'x' }).warnings).toEqual([
    `${misspelt} is not a known variable and has no effect: did you mean ${meant}?`,
  ]);
});

test.each(['OTEL_TRACES_EXPORTER', 'OTEL_EXPORTER_OTLP_TRACES_HEADERS', 'KUBECONFIG', 'OTHER'])(
  'readConfig() does not warn of %s, which is meant for another program',
  (name) => {
    expect(readConfig({ ...ENVIRONMENT, [name]: 'x' }).warnings).toEqual([]);
  },
);

test("readConfig() names the replacement for VictoriaMetrics's histograms", () => {
  const { warnings } = readConfig({ ...ENVIRONMENT, KUBENURSE_VICTORIAMETRICS_HISTOGRAM: 'true' });
  expect(warnings).toEqual([
    'KUBENURSE_VICTORIAMETRICS_HISTOGRAM is not supported: for buckets without fixed boundaries use the exponential ' +
      'histograms of the OTLP push (OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION=base2_exponential_bucket_histogram)',
  ]);
});

test.each([
  ['KUBENURSE_INGRESS_URL', 'ftp://me:secret@example.com', 'ftp://[redacted]@example.com'],
  [
    'KUBENURSE_INGRESS_URL',
    'https://secret@example.com?x',
    'https://[redacted]@example.com?[redacted]',
  ],
  [
    'KUBENURSE_INGRESS_URL',
    'https://me:s@cret@example.com?x',
    'https://[redacted]@example.com?[redacted]',
  ],
  ['KUBENURSE_SERVICE_URL', 'https://me:secret/@example.com', 'https://[redacted]@example.com'],
  ['KUBENURSE_SERVICE_URL', 'https://me:se cret@exa mple.com', 'https://[redacted]@exa mple.com'],
  [
    'KUBENURSE_SERVICE_URL',
    'https://me:se|cret@example.com?x',
    'https://[redacted]@example.com?[redacted]',
  ],
  ['KUBENURSE_SERVICE_URL', 'me:secret@example.com', '[redacted]@example.com'],
  ['KUBENURSE_SERVICE_URL', `https://me:${'secret'.repeat(50)}@example.com?x`, '[redacted]'],
  ['KUBENURSE_EXTRA_CHECKS', 'a:http://me:secret@a|b:c', 'a:http://[redacted]@a|b:c'],
  ['KUBENURSE_EXTRA_CHECKS', 'a:x|b:ftp://me:secret@b', '[redacted]@b'],
  ['KUBENURSE_SERVICE_URL', 'http://kubenurse?token=secret', 'http://kubenurse?[redacted]'],
  ['KUBENURSE_SERVICE_URL', 'http://kubenurse?api-key=a@secret', 'http://[redacted]'],
  ['KUBENURSE_SERVICE_URL', 'http://kubenurse#secret', 'http://kubenurse#[redacted]'],
  ['KUBENURSE_SERVICE_URL', 'ftp://kubenurse/;token=secret', 'ftp://kubenurse/;token=[redacted]'],
  ['KUBENURSE_EXTRA_CHECKS', 'a:ftp://x?token=se|cret', 'a:ftp://x?[redacted]'],
  ['KUBENURSE_EXTRA_CHECKS', 'a:ftp://x?t=secret@y|b:http://z', 'a:ftp://[redacted]'],
])('readConfig() redacts the credentials of an invalid URL: %s=%s', (name, value, shown) => {
  const [mistake] = mistakesIn({ ...ENVIRONMENT, [name]: value });
  expect(mistake).toContain(shown);
  expect(mistake).not.toMatch(/se.?cret|me:/);
});

test.each<[string, string, string]>([
  ['KUBENURSE_INSECURE', 'True', '="True" must be "true" or "false": using "false"'],
  ['KUBENURSE_USE_TLS', '1', '="1" must be "true" or "false": using "false"'],
  ['KUBENURSE_ALLOW_UNSCHEDULABLE', 'yes', '="yes" must be "true" or "false": using "false"'],
  ['KUBENURSE_CHECK_ME_INGRESS', 'no', '="no" must be "true" or "false": using "true"'],
  ['KUBENURSE_CHECK_NEIGHBOURHOOD', 'False', '="False" must be "true" or "false": using "true"'],
  ['KUBENURSE_NEIGHBOUR_LIMIT', '-1', '="-1" is treated as 0: every neighbour is checked'],
  [
    'KUBENURSE_EXTRA_CHECKS',
    'a:http://x|a:http://y',
    '="a:http://x|a:http://y" names the check "a" more than once: the last one is used',
  ],
])('readConfig() takes %s=%s as upstream does, with a warning', (name, value, warning) => {
  expect(readConfig({ ...ENVIRONMENT, [name]: value }).warnings).toEqual([`${name}${warning}`]);
});

test('readConfig() accepts values that upstream accepts', () => {
  const { network, server, targets, neighbours, metrics } = readConfig({
    ...ENVIRONMENT,
    KUBENURSE_INSECURE: 'True',
    KUBENURSE_USE_TLS: 'yes',
    KUBENURSE_CHECK_ME_INGRESS: '0',
    KUBENURSE_NEIGHBOUR_LIMIT: '-5',
    KUBENURSE_EXTRA_CHECKS: 'a:http://x|team/a b:http://z|a:http://y',
    KUBENURSE_HISTOGRAM_BUCKETS: '0,0.1,+Inf',
  });
  expect(network.insecure).toBe(false);
  expect(server.tls).toBeUndefined();
  expect(targets.meIngress).toBeDefined();
  expect(targets.extra.map(({ name, url }) => `${name} ${url.host}`)).toEqual([
    'a y',
    'team/a b z',
  ]);
  expect(neighbours?.limit).toBe(0);
  expect(metrics.buckets).toEqual([0, 0.1]);
});

test.each(['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy'])(
  'readConfig() warns that %s has no effect, without showing its value',
  (name) => {
    expect(readConfig({ ...ENVIRONMENT, [name]: 'http://me:secret@proxy' }).warnings).toEqual([
      `${name} has no effect: checks always connect to their target directly`,
    ]);
  },
);

test('readConfig() shortens a long value in its message', () => {
  const [mistake] = mistakesIn({ ...ENVIRONMENT, KUBENURSE_NAMESPACE: 'A'.repeat(100_000) });
  expect(mistake?.length).toBeLessThan(400);
});
