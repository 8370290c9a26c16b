import { expect, test } from 'vitest';
import { VARIABLES } from '../../src/config/variables.ts';
import { ENVIRONMENT, mistakesIn } from './environment.ts';

const BOOLEAN = 'must be "true" or "false"';
const URL = 'must be an http or https URL such as "https://kubenurse.example.com"';
const NAME = 'must be a Kubernetes name: lower case letters, digits, "-" and "."';
const PORT = 'must be a whole number from 1 to 65535';
const HOST = 'must be a host name or an IP address';

/** Each variable, a value that is a mistake, and what we say would be right. */
const MISTAKES: readonly (readonly [keyof typeof VARIABLES, string, string])[] = [
  ['KUBENURSE_INGRESS_URL', 'kubenurse.example.com', URL],
  [
    'KUBENURSE_SERVICE_URL',
    'http://kubenurse?x=1',
    'must be a URL without query and fragment: a path is appended to it',
  ],
  ['KUBENURSE_INSECURE', 'yes', BOOLEAN],
  ['KUBENURSE_NAMESPACE', 'Kube_System', NAME],
  [
    'KUBENURSE_NEIGHBOUR_FILTER',
    'app=kube nurse',
    'must be a label selector such as "app=kubenurse"',
  ],
  ['KUBENURSE_NEIGHBOUR_LIMIT', '-1', 'must be a whole number from 0 to 100000'],
  ['KUBENURSE_ALLOW_UNSCHEDULABLE', '1', BOOLEAN],
  ['KUBENURSE_CHECK_API_SERVER_DIRECT', 'True', BOOLEAN],
  ['KUBENURSE_CHECK_API_SERVER_DNS', 'FALSE', BOOLEAN],
  ['KUBENURSE_CHECK_ME_INGRESS', 'no', BOOLEAN],
  ['KUBENURSE_CHECK_ME_SERVICE', 'off', BOOLEAN],
  ['KUBENURSE_CHECK_NEIGHBOURHOOD', '0', BOOLEAN],
  [
    'KUBENURSE_EXTRA_CHECKS',
    'https://example.com',
    'must give the check "https" an http or https URL',
  ],
  ['KUBENURSE_CHECK_INTERVAL', '5', 'must be a duration such as "5s", "1m30s" or "500ms"'],
  ['KUBENURSE_REUSE_CONNECTIONS', 'maybe', BOOLEAN],
  [
    'KUBENURSE_HISTOGRAM_BUCKETS',
    '1,0.5',
    'must be rising numbers of seconds above 0, such as "0.001,0.01,0.1,1"',
  ],
  ['KUBENURSE_EXPOSE_METADATA', 't', BOOLEAN],
  ['KUBENURSE_SHUTDOWN_DURATION', '2h', 'must be a duration from 0s to 1h'],
  ['KUBENURSE_LISTEN_ADDRESS', 'localhost', 'must be an IP address such as "127.0.0.1" or "::"'],
  ['KUBENURSE_PORT', '65536', PORT],
  ['KUBENURSE_TLS_PORT', '0', PORT],
  ['KUBENURSE_USE_TLS', 'TRUE', BOOLEAN],
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
];

/** Any text is a path; whether there is such a file is for its reader to say. */
const PATHS = [
  'KUBENURSE_EXTRA_CA',
  'KUBENURSE_CERT_FILE',
  'KUBENURSE_CERT_KEY',
  'KUBENURSE_RESOLV_CONF',
];

test.each(MISTAKES)('readConfig() says what is wrong with %s=%s', (name, value, message) => {
  expect(mistakesIn({ ...ENVIRONMENT, [name]: value })).toEqual([
    `${name}=${JSON.stringify(value)} ${message}`,
  ]);
});

test('readConfig() has a mistake here for each of its variables but paths', () => {
  const tested = [...MISTAKES.map(([name]) => name), ...PATHS];
  expect(tested.sort()).toEqual(Object.keys(VARIABLES).sort());
});

test('readConfig() names several mistakes at once', () => {
  const environment = { ...ENVIRONMENT };
  for (const [name, value] of MISTAKES) environment[name] = value;
  expect(mistakesIn(environment)).toEqual(
    MISTAKES.map(([name, value, message]) => `${name}=${JSON.stringify(value)} ${message}`),
  );
});
