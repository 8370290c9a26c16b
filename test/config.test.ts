import { hostname } from 'node:os';
import { describe, expect, test } from 'vitest';
import { readConfig } from '../src/config.ts';
import { ENVIRONMENT, mistakesIn } from './support/environment.ts';

/** The defaults of the specification. */
const OTLP = {
  url: new URL('http://localhost:4318/v1/metrics'),
  protocol: 'http/protobuf',
  headers: {},
  compression: 'none',
  timeout: 10_000,
  certificate: undefined,
  clientCertificate: undefined,
  clientKey: undefined,
  temporality: 'cumulative',
  histograms: 'explicit_bucket_histogram',
};

test('readConfig() uses the default of every variable that is not set (the contract)', () => {
  expect(readConfig(ENVIRONMENT)).toEqual({
    targets: {
      apiServerDirect: new URL('https://10.96.0.1:443/version'),
      apiServerDns: new URL('https://kubernetes.default.svc.cluster.local:443/version'),
      meIngress: new URL('https://kubenurse.example.com/alwayshappy'),
      meService: new URL('http://kubenurse.kube-system.svc.cluster.local:8080/alwayshappy'),
      extra: [],
    },
    neighbours: {
      namespace: 'kube-system',
      labelSelector: '',
      limit: 10,
      rotating: 1,
      allowUnschedulable: false,
      scheme: 'http',
      port: 8080,
    },
    self: {
      podName: hostname(),
      podUid: undefined,
      namespace: 'kube-system',
      nodeName: undefined,
      hostname: hostname(),
    },
    interval: 5_000,
    shutdownDuration: 5_000,
    network: {
      insecure: false,
      extraCA: undefined,
      reuseConnections: false,
      isPathFullSize: true,
      resolvConf: '/etc/resolv.conf',
    },
    server: { address: undefined, port: 8080, tls: undefined },
    metrics: {
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      isDisabled: false,
      disabled: [],
      retention: 600_000,
      exporters: ['prometheus'],
      exportInterval: 60_000,
      exportTimeout: 30_000,
      exposeMetadata: true,
      resource: {},
      otlp: OTLP,
    },
    logLevel: 'info',
    warnings: [],
  });
});

test('readConfig() reads every variable', () => {
  const config = readConfig({
    KUBENURSE_INGRESS_URL: 'https://ingress.example.com',
    KUBENURSE_SERVICE_URL: 'http://service.example.com:81',
    KUBENURSE_INSECURE: 'true',
    KUBENURSE_EXTRA_CA: '/ca.pem',
    KUBENURSE_NAMESPACE: 'monitoring',
    KUBENURSE_NEIGHBOUR_FILTER: 'app=kubenurse',
    KUBENURSE_NEIGHBOUR_LIMIT: '0',
    KUBENURSE_ROTATING_NEIGHBOURS: '3',
    KUBENURSE_ALLOW_UNSCHEDULABLE: 'true',
    KUBENURSE_EXTRA_CHECKS: 'a:http://a|b:https://b/x',
    KUBENURSE_CHECK_INTERVAL: '1m30s',
    KUBENURSE_REUSE_CONNECTIONS: 'true',
    KUBENURSE_PATH_FULL_SIZE: 'false',
    KUBENURSE_HISTOGRAM_BUCKETS: '0.1,1',
    KUBENURSE_METRICS_DISABLED: 'kubenurse_request_duration, process_open_fds',
    KUBENURSE_SERIES_RETENTION: '1h',
    KUBENURSE_SHUTDOWN_DURATION: '0',
    KUBENURSE_LISTEN_ADDRESS: '::1',
    KUBENURSE_PORT: '8081',
    KUBENURSE_TLS_PORT: '8444',
    KUBENURSE_USE_TLS: 'true',
    KUBENURSE_CERT_FILE: import.meta.filename,
    KUBENURSE_CERT_KEY: import.meta.filename,
    KUBENURSE_RESOLV_CONF: '/resolv.conf',
    KUBENURSE_LOG_LEVEL: 'debug',
    KUBERNETES_SERVICE_HOST: 'fd00:10:96::1',
    KUBERNETES_SERVICE_PORT: '6443',
    KUBERNETES_SERVICE_DNS: 'api.example.com',
    POD_NAME: 'kubenurse-x2bwx',
    NODE_NAME: 'k8s-66',
    POD_UID: '8a6e1f6c-2f0d-4f0e-9a6b-0d6c1d1c2b3a',
    POD_NAMESPACE: 'kubenurse',
    OTEL_SDK_DISABLED: 'True',
    OTEL_METRICS_EXPORTER: 'console',
    OTEL_METRIC_EXPORT_INTERVAL: '1000',
    OTEL_METRIC_EXPORT_TIMEOUT: '500',
    KUBENURSE_EXPOSE_METADATA: 'false',
    OTEL_RESOURCE_ATTRIBUTES: 'a=b,service.name=lost',
    OTEL_SERVICE_NAME: 'prober',
  });
  expect(config).toEqual({
    targets: {
      apiServerDirect: new URL('https://[fd00:10:96::1]:6443/version'),
      apiServerDns: new URL('https://api.example.com:6443/version'),
      meIngress: new URL('https://ingress.example.com/alwayshappy'),
      meService: new URL('http://service.example.com:81/alwayshappy'),
      extra: [
        { name: 'a', url: new URL('http://a/') },
        { name: 'b', url: new URL('https://b/x') },
      ],
    },
    neighbours: {
      namespace: 'monitoring',
      labelSelector: 'app=kubenurse',
      limit: 0,
      rotating: 3,
      allowUnschedulable: true,
      scheme: 'https',
      port: 8444,
    },
    self: {
      podName: 'kubenurse-x2bwx',
      podUid: '8a6e1f6c-2f0d-4f0e-9a6b-0d6c1d1c2b3a',
      namespace: 'kubenurse',
      nodeName: 'k8s-66',
      hostname: hostname(),
    },
    interval: 90_000,
    shutdownDuration: 0,
    network: {
      insecure: true,
      extraCA: '/ca.pem',
      reuseConnections: true,
      isPathFullSize: false,
      resolvConf: '/resolv.conf',
    },
    server: {
      address: '::1',
      port: 8081,
      tls: { port: 8444, certFile: import.meta.filename, keyFile: import.meta.filename },
    },
    metrics: {
      isDisabled: true,
      buckets: [0.1, 1],
      disabled: ['kubenurse_request_duration', 'process_open_fds'],
      retention: 3_600_000,
      exporters: ['console'],
      exportInterval: 1_000,
      exportTimeout: 500,
      exposeMetadata: false,
      resource: { a: 'b', 'service.name': 'prober' },
      otlp: OTLP,
    },
    logLevel: 'debug',
    warnings: [],
  });
});

test('readConfig() treats an empty variable as not set', () => {
  const empty = {
    KUBENURSE_CHECK_INTERVAL: '',
    KUBENURSE_EXTRA_CHECKS: '',
    KUBENURSE_NEIGHBOUR_FILTER: '',
    KUBENURSE_USE_TLS: '',
    KUBENURSE_VICTORIAMETRICS_HISTOGRAM: '',
    NODE_NAME: '',
  };
  expect(readConfig({ ...ENVIRONMENT, ...empty })).toEqual(readConfig(ENVIRONMENT));
  expect(mistakesIn({ ...ENVIRONMENT, KUBENURSE_SERVICE_URL: '' })).toHaveLength(1);
});

test('readConfig() takes an empty KUBENURSE_NAMESPACE as every namespace, and names the rights that it requires', () => {
  const of = (variables: Record<string, string>) =>
    readConfig({ ...ENVIRONMENT, KUBENURSE_NAMESPACE: '', ...variables });
  const { neighbours, warnings } = of({ KUBENURSE_NEIGHBOUR_FILTER: 'app=kubenurse' });
  expect(neighbours).toMatchObject({ namespace: '', labelSelector: 'app=kubenurse' });
  expect(warnings).toEqual([
    'KUBENURSE_NAMESPACE is not set: looking for neighbours in every namespace (app=kubenurse), ' +
      'which requires a ClusterRole with list and watch on pods',
  ]);
  expect(of({}).warnings).toEqual([expect.stringContaining('every pod: set KUBENURSE_NEIGHBOUR')]);
  expect(of({ KUBENURSE_CHECK_NEIGHBOURHOOD: 'false' }).warnings).toEqual([]);
});

describe('readConfig() with missing variables', () => {
  test('names all of them at once', () => {
    expect(mistakesIn({ KUBENURSE_USE_TLS: 'true' })).toEqual([
      'KUBERNETES_SERVICE_HOST is not set (address of the API server; set by Kubernetes): set it, or KUBENURSE_CHECK_API_SERVER_DIRECT=false',
      'KUBERNETES_SERVICE_PORT is not set (port of the API server; set by Kubernetes): set it, or KUBENURSE_CHECK_API_SERVER_DIRECT=false',
      'KUBENURSE_INGRESS_URL is not set (URL at which the ingress exposes kubenurse): set it, or KUBENURSE_CHECK_ME_INGRESS=false',
      'KUBENURSE_SERVICE_URL is not set (URL of the Service of kubenurse): set it, or KUBENURSE_CHECK_ME_SERVICE=false',
      'KUBENURSE_CERT_FILE is not set (PEM file with the server certificate; reloaded when it changes): set it, or KUBENURSE_USE_TLS=false',
      'KUBENURSE_CERT_KEY is not set (PEM file with its private key; reloaded when it changes): set it, or KUBENURSE_USE_TLS=false',
    ]);
  });

  test.each([
    ['KUBENURSE_CHECK_ME_INGRESS', 'KUBENURSE_INGRESS_URL'],
    ['KUBENURSE_CHECK_ME_SERVICE', 'KUBENURSE_SERVICE_URL'],
    ['KUBENURSE_CHECK_API_SERVER_DIRECT', 'KUBERNETES_SERVICE_HOST'],
  ])('with %s=false does not require %s', (check, part) => {
    const environment = { ...ENVIRONMENT, [part]: '' };
    expect(mistakesIn(environment)).toEqual([expect.stringContaining(`${part} is not set`)]);
    expect(mistakesIn({ ...environment, [check]: 'false' })).toEqual([]);
  });

  test('reports an invalid part only once', () => {
    expect(mistakesIn({ ...ENVIRONMENT, KUBERNETES_SERVICE_PORT: 'https' })).toEqual([
      'KUBERNETES_SERVICE_PORT="https" must be a whole number from 1 to 65535',
    ]);
  });
});

describe('readConfig() with KUBENURSE_CHECK_DNS', () => {
  const queried = (more: Record<string, string>) =>
    readConfig({ ...ENVIRONMENT, KUBENURSE_CHECK_DNS: 'true', ...more }).targets.nameServers?.href;

  test.each([
    ['10.96.0.1', 'dns:kubernetes.default.svc.cluster.local?type=A'],
    ['fd00::1', 'dns:kubernetes.default.svc.cluster.local?type=AAAA'],
    ['api.example.com', 'dns:kubernetes.default.svc.cluster.local?type=A'],
  ])('queries for an address of the family of %s', (KUBERNETES_SERVICE_HOST, expected) => {
    expect(queried({ KUBERNETES_SERVICE_HOST })).toBe(expected);
  });

  test('queries for the name that is set', () => {
    expect(queried({ KUBERNETES_SERVICE_DNS: 'kubernetes.default' })).toBe(
      'dns:kubernetes.default?type=A',
    );
  });

  test.each(['10.96.0.1', 'fd00::1'])('requires a name, not %s', (KUBERNETES_SERVICE_DNS) => {
    const environment = { ...ENVIRONMENT, KUBERNETES_SERVICE_DNS };
    expect(mistakesIn({ ...environment, KUBENURSE_CHECK_DNS: 'true' })).toEqual([
      expect.stringMatching(
        /^KUBERNETES_SERVICE_DNS=".+" must be a DNS name: set one, or KUBENURSE_CHECK_DNS=false$/,
      ),
    ]);
    expect(readConfig(environment).targets.nameServers).toBeUndefined();
  });
});

test('readConfig() switches off checks that are set to false', () => {
  const { targets, neighbours } = readConfig({
    KUBENURSE_CHECK_API_SERVER_DIRECT: 'false',
    KUBENURSE_CHECK_API_SERVER_DNS: 'false',
    KUBENURSE_CHECK_ME_INGRESS: 'false',
    KUBENURSE_CHECK_ME_SERVICE: 'false',
    KUBENURSE_CHECK_NEIGHBOURHOOD: 'false',
  });
  expect(Object.values(targets)).toEqual([...Array(5).fill(undefined), []]);
  expect(neighbours).toBeUndefined();
});

test.each([
  ['https://example.com', 'https://example.com/alwayshappy'],
  ['https://example.com/', 'https://example.com/alwayshappy'],
  ['https://example.com/kubenurse', 'https://example.com/kubenurse/alwayshappy'],
  ['https://example.com/kubenurse/', 'https://example.com/kubenurse/alwayshappy'],
  ['http://[fd00::1]:8080/a%20b', 'http://[fd00::1]:8080/a%20b/alwayshappy'],
])('readConfig() appends the path to the URL %s', (url, expected) => {
  const { targets } = readConfig({
    ...ENVIRONMENT,
    KUBENURSE_INGRESS_URL: url,
    KUBENURSE_SERVICE_URL: url,
  });
  expect(targets.meIngress?.href).toBe(expected);
  expect(targets.meService?.href).toBe(expected);
});

test('readConfig() reports an unreadable certificate or key if TLS is on', () => {
  const files = {
    KUBENURSE_CERT_FILE: '/nowhere/tls.crt',
    KUBENURSE_CERT_KEY: import.meta.dirname,
  };
  expect(mistakesIn({ ...ENVIRONMENT, ...files, KUBENURSE_USE_TLS: 'true' })).toEqual([
    'KUBENURSE_CERT_FILE="/nowhere/tls.crt" must be a readable file',
    `KUBENURSE_CERT_KEY="${import.meta.dirname}" must be a readable file`,
  ]);
  expect(readConfig({ ...ENVIRONMENT, ...files }).server.tls).toBeUndefined();
});

test('upstream fault: KUBENURSE_CHECK_INTERVAL=0 causes a panic', () => {
  for (const interval of ['0', '0s', '0h0m']) {
    expect(mistakesIn({ ...ENVIRONMENT, KUBENURSE_CHECK_INTERVAL: interval })).toEqual([
      `KUBENURSE_CHECK_INTERVAL="${interval}" must be a duration from 10ms to 24h`,
    ]);
  }
});
