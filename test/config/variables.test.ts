import { expect, test } from 'vitest';
import { VARIABLES } from '../../src/config/variables.ts';
import { readConfig } from '../../src/config.ts';
import { METRIC_NAMES } from '../../src/metrics.ts';
import { ENVIRONMENT, mistakesIn } from '../support/environment.ts';

const BOOLEAN = 'must be "true" or "false"';
const URL = 'must be an http or https URL such as "https://kubenurse.example.com"';
const NAME = 'must be a Kubernetes name: lower case letters, digits, "-" and "."';
const PORT = 'must be a whole number from 1 to 65535';
const HOST = 'must be a host name or an IP address';
const MILLISECONDS = 'must be a whole number from 1 to 86400000';
const KEY_VALUES = 'must be key=value,key=value with values percent-encoded';
const PROTOCOL =
  'must be http/protobuf or http/json: gRPC is not supported (its port is usually 4317, that of HTTP 4318)';
const EXPORTERS =
  'must list prometheus, otlp, console or modules such as "./my-exporter.mjs" or "@acme/kubenurse-exporter"';
const METRICS = 'must list known metrics; "kubenurse_errors" is not one of: ';

/** Each variable, an invalid value, and the message about what would be valid. */
const MISTAKES: readonly (readonly [keyof typeof VARIABLES, string, string])[] = [
  ['KUBENURSE_INGRESS_URL', 'kubenurse.example.com', URL],
  [
    'KUBENURSE_SERVICE_URL',
    'http://kubenurse?x=1',
    'must be a URL without query or fragment, because a path is appended',
  ],
  ['KUBENURSE_NAMESPACE', 'Kube_System', NAME],
  [
    'KUBENURSE_NEIGHBOUR_FILTER',
    'app=kube nurse',
    'must be a label selector such as "app=kubenurse"',
  ],
  ['KUBENURSE_NEIGHBOUR_LIMIT', 'ten', 'must be a whole number from 0 to 100000'],
  ['KUBENURSE_ROTATING_NEIGHBOURS', '101', 'must be a whole number from 0 to 100'],
  [
    'KUBENURSE_EXTRA_CHECKS',
    'db:tcp://db.example.com',
    'must give the check "db" a target of the form tcp://host:port',
  ],
  ['KUBENURSE_CHECK_INTERVAL', '5', 'must be a duration such as "5s", "1m30s" or "500ms"'],
  [
    'KUBENURSE_HISTOGRAM_BUCKETS',
    '1,0.5',
    'must be increasing numbers of seconds, such as "0.001,0.01,0.1,1"',
  ],
  ['KUBENURSE_METRICS_DISABLED', 'kubenurse_errors', `${METRICS}${METRIC_NAMES.join(', ')}`],
  ['KUBENURSE_SERIES_RETENTION', '25h', 'must be a duration from 0s to 24h'],
  ['KUBENURSE_SHUTDOWN_DURATION', '2h', 'must be a duration from 0s to 1h'],
  ['KUBENURSE_LISTEN_ADDRESS', 'localhost', 'must be an IP address such as "127.0.0.1" or "::"'],
  ['KUBENURSE_PORT', '65536', PORT],
  ['KUBENURSE_TLS_PORT', '0', PORT],
  ['KUBENURSE_UDP_PORT', '0', PORT],
  [
    'KUBENURSE_LOG_LEVEL',
    'verbose',
    'must be one of trace, debug, info, warn, error, fatal, silent',
  ],
  ['KUBERNETES_SERVICE_HOST', '10.96.0.256', HOST],
  ['KUBERNETES_SERVICE_PORT', 'https', PORT],
  ['KUBERNETES_SERVICE_DNS', 'kubernetes default', HOST],
  ['POD_NAME', 'kubenurse_x2bwx', NAME],
  ['NODE_NAME', 'K8S-66', NAME],
  ['POD_UID', 'a b', 'must be letters, digits, "-", ".", "_" and ":"'],
  ['POD_NAMESPACE', 'Kube_System', NAME],
];

/** The same for OpenTelemetry's variables, which are ignored then. */
const IGNORED: readonly (readonly [keyof typeof VARIABLES, string, string])[] = [
  ['OTEL_METRICS_EXPORTER', 'jaeger', EXPORTERS],
  ['OTEL_METRIC_EXPORT_INTERVAL', '0', MILLISECONDS],
  ['OTEL_METRIC_EXPORT_TIMEOUT', '30s', MILLISECONDS],
  ['OTEL_EXPORTER_OTLP_METRICS_ENDPOINT', 'collector:4318', URL],
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'grpc://collector:4317', URL],
  ['OTEL_EXPORTER_OTLP_METRICS_PROTOCOL', 'grpc', PROTOCOL],
  ['OTEL_EXPORTER_OTLP_PROTOCOL', 'http', 'must be one of http/protobuf, http/json'],
  ['OTEL_EXPORTER_OTLP_METRICS_HEADERS', 'authorization: Bearer secret', `${KEY_VALUES}: entry 1`],
  ['OTEL_EXPORTER_OTLP_HEADERS', 'authorization=secret%2', `${KEY_VALUES}: entry 1`],
  ['OTEL_EXPORTER_OTLP_METRICS_COMPRESSION', 'zstd', 'must be one of gzip, none'],
  ['OTEL_EXPORTER_OTLP_COMPRESSION', 'true', 'must be one of gzip, none'],
  ['OTEL_EXPORTER_OTLP_METRICS_TIMEOUT', '10s', MILLISECONDS],
  ['OTEL_EXPORTER_OTLP_TIMEOUT', '-1', MILLISECONDS],
  [
    'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE',
    'sometimes',
    'must be one of cumulative, delta, lowmemory',
  ],
  [
    'OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION',
    'exponential',
    'must be one of explicit_bucket_histogram, base2_exponential_bucket_histogram',
  ],
  ['OTEL_RESOURCE_ATTRIBUTES', 'cluster', `${KEY_VALUES}: entry 1`],
  ['OTEL_SDK_DISABLED', 'yes', BOOLEAN],
];

/** Any other text selects the default. */
const BOOLEANS: readonly (keyof typeof VARIABLES)[] = [
  'KUBENURSE_INSECURE',
  'KUBENURSE_ALLOW_UNSCHEDULABLE',
  'KUBENURSE_CHECK_API_SERVER_DIRECT',
  'KUBENURSE_CHECK_API_SERVER_DNS',
  'KUBENURSE_CHECK_ME_INGRESS',
  'KUBENURSE_CHECK_ME_SERVICE',
  'KUBENURSE_CHECK_NEIGHBOURHOOD',
  'KUBENURSE_CHECK_UDP',
  'KUBENURSE_CHECK_DNS',
  'KUBENURSE_REUSE_CONNECTIONS',
  'KUBENURSE_PATH_FULL_SIZE',
  'KUBENURSE_EXPOSE_METADATA',
  'KUBENURSE_USE_TLS',
];

/** Any text is a path or a name; whether such a file exists is up to its reader to report. */
const ANY_TEXT = [
  'KUBENURSE_EXTRA_CA',
  'KUBENURSE_CERT_FILE',
  'KUBENURSE_CERT_KEY',
  'KUBENURSE_RESOLV_CONF',
  'OTEL_EXPORTER_OTLP_METRICS_CERTIFICATE',
  'OTEL_EXPORTER_OTLP_CERTIFICATE',
  'OTEL_EXPORTER_OTLP_METRICS_CLIENT_CERTIFICATE',
  'OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE',
  'OTEL_EXPORTER_OTLP_METRICS_CLIENT_KEY',
  'OTEL_EXPORTER_OTLP_CLIENT_KEY',
  'OTEL_SERVICE_NAME',
];

/** The message about a mistake: header fields may be credentials, and are redacted. */
function reported([name, value, message]: (typeof MISTAKES)[number]): string {
  const shown = name.endsWith('_HEADERS')
    ? '[redacted]'
    : JSON.stringify(value.replace('?x=1', '?[redacted]'));
  return `${name}=${shown} ${message}`;
}

test.each(MISTAKES)('readConfig() reports what is wrong with %s=%s', (...mistake) => {
  const [name, value] = mistake;
  expect(mistakesIn({ ...ENVIRONMENT, [name]: value })).toEqual([reported(mistake)]);
});

test.each(IGNORED)('readConfig() warns about %s=%s, and ignores it', (...mistake) => {
  const [name, value, message] = mistake;
  const { warnings, ...config } = readConfig({ ...ENVIRONMENT, [name]: value });
  const suffix = message.endsWith('entry 1') ? ' is ignored' : ': ignored';
  expect(warnings).toEqual([`${reported(mistake)}${suffix}`]);
  expect({ ...config, warnings: [] }).toEqual(readConfig(ENVIRONMENT));
});

test.each(BOOLEANS)('readConfig() warns about %s=yes, and uses its default', (name) => {
  const { default: fallback } = VARIABLES[name] as { default?: string };
  const { warnings, ...config } = readConfig({ ...ENVIRONMENT, [name]: 'yes' });
  expect(warnings).toEqual([`${name}="yes" must be "true" or "false": using "${fallback}"`]);
  expect({ ...config, warnings: [] }).toEqual(readConfig(ENVIRONMENT));
});

test('every variable of readConfig() has an invalid value here, unless it accepts any text', () => {
  const tested = [...[...MISTAKES, ...IGNORED].map(([name]) => name), ...BOOLEANS, ...ANY_TEXT];
  expect(tested.sort()).toEqual(Object.keys(VARIABLES).sort());
});

test('readConfig() names several mistakes at once', () => {
  const environment = { ...ENVIRONMENT };
  for (const [name, value] of MISTAKES) environment[name] = value;
  expect(mistakesIn(environment).toSorted()).toEqual(MISTAKES.map(reported).toSorted());
});
