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
])('readConfig() takes of %o the exporters %o', (environment, exporters) => {
  expect(readConfig({ ...ENVIRONMENT, ...environment }).metrics.exporters).toEqual(exporters);
});

test.each([
  'none,prometheus',
  'prometheus,none',
  'otlp,otlp',
  'prometheus, prometheus',
  'prometheus,',
  ',',
  'Prometheus',
  'jaeger',
  './a b.mjs',
  'data:text/javascript,1',
  'https://example.com/x.mjs',
])('readConfig() takes no exporters of "%s"', (text) => {
  expect(mistakesIn({ ...ENVIRONMENT, OTEL_METRICS_EXPORTER: text })).toEqual([
    `OTEL_METRICS_EXPORTER=${JSON.stringify(text)} must list, once each, prometheus, otlp, console or modules such as "./my-exporter.mjs" or "@acme/kubenurse-exporter"`,
  ]);
});

test.each(['true', 'TRUE', 'True'])('readConfig() takes OTEL_SDK_DISABLED=%s', (text) => {
  expect(readConfig({ ...ENVIRONMENT, OTEL_SDK_DISABLED: text }).metrics.isDisabled).toBe(true);
});

test.each(['Delta', 'CUMULATIVE', 'LowMemory'])('readConfig() takes the temporality %s', (text) => {
  const name = 'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE';
  expect(mistakesIn({ ...ENVIRONMENT, [name]: text })).toEqual([]);
});

test.each([
  'OTEL_EXPORTER_OTLP_HEADERS',
  'OTEL_EXPORTER_OTLP_METRICS_HEADERS',
  'OTEL_RESOURCE_ATTRIBUTES',
])('readConfig() takes percent-encoded pairs for %s', (name) => {
  for (const text of [
    'a=b',
    'a=',
    ' a = b , c=d',
    'authorization=Bearer%20x%3D',
    'a=b=c,d-e.f=1',
  ]) {
    expect(mistakesIn({ ...ENVIRONMENT, [name]: text })).toEqual([]);
  }
  for (const text of ['a', '=b', 'a=b,', ',a=b', 'a=%2', 'a=%zz', 'a b=c']) {
    expect(mistakesIn({ ...ENVIRONMENT, [name]: text })).toHaveLength(1);
  }
});

test.each(['OTEL_EXPORTER_OTLP_HEADERS', 'OTEL_EXPORTER_OTLP_METRICS_HEADERS'])(
  'readConfig() shows nothing of a mistaken %s',
  (name) => {
    for (const text of ['authorization: Bearer secret', 'secret', 'x=1,secret=%', 'a=@,secret']) {
      const [mistake] = mistakesIn({ ...ENVIRONMENT, [name]: text });
      expect(mistake).toBe(
        `${name}=[redacted] must be key=value,key=value with values percent-encoded`,
      );
    }
  },
);
