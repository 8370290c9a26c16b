import { expect, test } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { ENVIRONMENT, mistakesIn } from '../support/environment.ts';

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };
const METRICS_ENDPOINT = { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://collector:4318/v1/m' };

test.each<[Record<string, string>, string[]]>([
  [{}, ['prometheus']],
  [ENDPOINT, ['prometheus', 'otlp']],
  [METRICS_ENDPOINT, ['prometheus', 'otlp']],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: '' }, ['prometheus']],
  [{ OTEL_METRICS_EXPORTER: '' }, ['prometheus']],
  [{ OTEL_METRICS_EXPORTER: 'prometheus', ...ENDPOINT }, ['prometheus']],
  [{ OTEL_METRICS_EXPORTER: 'otlp' }, ['otlp']],
  [{ OTEL_METRICS_EXPORTER: 'none' }, []],
  [{ OTEL_METRICS_EXPORTER: 'none', ...ENDPOINT }, []],
  [{ OTEL_METRICS_EXPORTER: ' otlp , prometheus,console ' }, ['otlp', 'prometheus', 'console']],
  [
    { OTEL_METRICS_EXPORTER: './mine.mjs,../mine.mjs,/opt/mine.mjs,@acme/exporter,acme/x.js' },
    ['./mine.mjs', '../mine.mjs', '/opt/mine.mjs', '@acme/exporter', 'acme/x.js'],
  ],
  [{ OTEL_METRICS_EXPORTER: 'kubenurse-exporter-graphite' }, ['kubenurse-exporter-graphite']],
])('readConfig() reads from %o the exporters %o', (environment, exporters) => {
  expect(readConfig({ ...ENVIRONMENT, ...environment }).metrics.exporters).toEqual(exporters);
});

/** The exporters, and the warnings. */
function read(environment: Record<string, string>) {
  const { metrics, warnings } = readConfig({ ...ENVIRONMENT, ...environment });
  return { ...metrics, warnings };
}

test.each([
  ['otlp,otlp', ['otlp']],
  ['prometheus,', ['prometheus']],
  ['Prometheus, OTLP', ['prometheus', 'otlp']],
])('readConfig() reads from OTEL_METRICS_EXPORTER="%s" the exporters %o', (text, exporters) => {
  const { warnings, ...metrics } = read({ OTEL_METRICS_EXPORTER: text });
  expect(metrics.exporters).toEqual(exporters);
  expect(warnings).toEqual([]);
});

const EXPORTERS =
  'must list prometheus, otlp, console or modules such as "./my-exporter.mjs" or "@acme/kubenurse-exporter"';

test.each([
  [',', ['prometheus'], `${EXPORTERS}: ignored`],
  ['jaeger', ['prometheus'], `${EXPORTERS}: ignored`],
  ['./a b.mjs', ['prometheus'], `${EXPORTERS}: ignored`],
  ['data:text/javascript', ['prometheus'], `${EXPORTERS}: ignored`],
  ['https://example.com/x.mjs', ['prometheus'], `${EXPORTERS}: ignored`],
  ['otlp,jaeger', ['otlp'], `${EXPORTERS}; ignoring the rest`],
  ['none,otlp', ['otlp'], 'lists "none" together with other exporters: "none" is ignored'],
])('readConfig() warns about OTEL_METRICS_EXPORTER="%s"', (text, exporters, warning) => {
  const { warnings, ...metrics } = read({ OTEL_METRICS_EXPORTER: text });
  expect(metrics.exporters).toEqual(exporters);
  expect(warnings).toEqual([`OTEL_METRICS_EXPORTER=${JSON.stringify(text)} ${warning}`]);
});

test.each(['true', 'TRUE', 'True'])('readConfig() accepts OTEL_SDK_DISABLED=%s', (text) => {
  expect(read({ OTEL_SDK_DISABLED: text })).toMatchObject({ isDisabled: true, warnings: [] });
});

test.each(['1', 'yes', 'on'])(
  'readConfig() does not treat OTEL_SDK_DISABLED=%s as true',
  (text) => {
    expect(read({ OTEL_SDK_DISABLED: text })).toMatchObject({
      isDisabled: false,
      warnings: [`OTEL_SDK_DISABLED="${text}" must be "true" or "false": ignored`],
    });
  },
);

test('readConfig() accepts values in any case', () => {
  const { otlp, warnings } = read({
    OTEL_EXPORTER_OTLP_PROTOCOL: 'HTTP/JSON',
    OTEL_EXPORTER_OTLP_COMPRESSION: 'GZIP',
    OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: 'Delta',
    OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION: 'BASE2_EXPONENTIAL_BUCKET_HISTOGRAM',
  });
  expect(otlp).toMatchObject({
    protocol: 'http/json',
    compression: 'gzip',
    temporality: 'delta',
    histograms: 'base2_exponential_bucket_histogram',
  });
  expect(warnings).toEqual([]);
});

test.each([{}, { OTEL_METRICS_EXPORTER: 'otlp' }])(
  'readConfig() starts with gRPC chosen for the whole cluster, and names the ports (%o)',
  (environment) => {
    const { otlp, warnings } = read({ ...environment, OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' });
    expect(otlp.protocol).toBe('http/protobuf');
    expect(warnings).toEqual([
      'OTEL_EXPORTER_OTLP_PROTOCOL="grpc" must be http/protobuf or http/json: gRPC is not supported ' +
        '(its port is usually 4317, that of HTTP 4318): ignored',
    ]);
  },
);

test('readConfig() does not push to an endpoint that is not a URL, unless pushes are wanted', () => {
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4317' };
  const message =
    'OTEL_EXPORTER_OTLP_ENDPOINT="collector:4317" must be an http or https URL such as "https://kubenurse.example.com"';
  expect(read(endpoint)).toMatchObject({
    exporters: ['prometheus'],
    warnings: [`${message}: ignored`],
  });
  expect(mistakesIn({ ...ENVIRONMENT, ...endpoint, OTEL_METRICS_EXPORTER: 'otlp' })).toEqual([
    message,
  ]);
});

test.each([
  ['http://c:4318', 'http://c:4318/v1/metrics'],
  ['http://c:4318/', 'http://c:4318/v1/metrics'],
  ['http://c:4318/base/?tenant=a/b', 'http://c:4318/base/v1/metrics?tenant=a/b'],
])('readConfig() appends the path of metrics to the endpoint %s', (endpoint, url) => {
  expect(read({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }).otlp.url.href).toBe(url);
});

test('readConfig() uses the endpoint of metrics unchanged', () => {
  expect(read({ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://c/x?y=1' }).otlp.url.href).toBe(
    'http://c/x?y=1',
  );
});

test('readConfig() prefers the variables for metrics', () => {
  const { otlp } = read({
    OTEL_EXPORTER_OTLP_TIMEOUT: '1',
    OTEL_EXPORTER_OTLP_METRICS_TIMEOUT: '2',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
    OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: '',
    OTEL_EXPORTER_OTLP_HEADERS: 'a=every,b=every',
    OTEL_EXPORTER_OTLP_METRICS_HEADERS: 'a=metrics%20only',
    OTEL_EXPORTER_OTLP_CERTIFICATE: '/every.pem',
    OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE: '/metrics.pem',
  });
  expect(otlp).toMatchObject({
    timeout: 2,
    protocol: 'http/json',
    headers: { a: 'metrics only', b: 'every' },
    certificate: '/metrics.pem',
  });
});

test('readConfig() keeps what it can read in OTEL_RESOURCE_ATTRIBUTES, and names the rest', () => {
  const text = 'k8s.cluster.name=c1,t=x==, a = b%20c ,broken,d=%zz,=e,';
  const { resource, warnings } = read({ OTEL_RESOURCE_ATTRIBUTES: text, OTEL_SERVICE_NAME: 'x' });
  expect(resource).toEqual({
    'k8s.cluster.name': 'c1',
    t: 'x==',
    a: 'b c',
    'service.name': 'x',
  });
  const rule = 'must be key=value,key=value with values percent-encoded';
  expect(warnings).toEqual(
    [4, 5, 6].map(
      (entry) => `OTEL_RESOURCE_ATTRIBUTES="${text}" ${rule}: entry ${entry} is ignored`,
    ),
  );
});

test.each(['OTEL_EXPORTER_OTLP_HEADERS', 'OTEL_EXPORTER_OTLP_METRICS_HEADERS'])(
  'readConfig() shows nothing of an invalid %s',
  (name) => {
    for (const text of ['authorization: Bearer secret', 'secret', 'x=1,secret=%', 'a=@,secret']) {
      const { warnings } = read({ [name]: text });
      expect(warnings).toEqual([
        expect.stringMatching(
          `^${name}=\\[redacted\\] must be key=value,key=value with values percent-encoded: entry [12] is ignored$`,
        ),
      ]);
    }
  },
);
