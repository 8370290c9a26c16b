import { METRIC_NAMES } from '../metrics.ts';
import { enumOf, exporters, keyValues, otelBoolean, protocol } from './opentelemetry.ts';
import {
  baseUrl,
  boolean,
  buckets,
  duration,
  extraChecks,
  host,
  integer,
  ipAddress,
  labelSelector,
  name,
  neighbourLimit,
  oneOf,
  type Parse,
  path,
  someOf,
  token,
  url,
} from './parsers.ts';

/** An environment variable. Without a default, its value is `undefined` when it is not set. */
export type Variable<Value = unknown> = Readonly<{
  parse: Parse<Value>;
  default?: string;
  description: string;
}>;

function variable<Value>(parse: Parse<Value>, description: string, fallback: string) {
  return { parse, description, default: fallback } satisfies Variable<Value>;
}

function flag(description: string, fallback: 'true' | 'false') {
  return variable(boolean(fallback), description, fallback);
}

function optional<Value>(parse: Parse<Value>, description: string) {
  return { parse, description } satisfies Variable<Value>;
}

/** Log levels of pino. */
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const PORT = integer(1, 65_535);
const MILLISECONDS = integer(1, 86_400_000);

/** Required unless the check that needs it is disabled. */
const REQUIRED = {
  KUBENURSE_INGRESS_URL: optional(baseUrl, 'URL at which the ingress exposes kubenurse'),
  KUBENURSE_SERVICE_URL: optional(baseUrl, 'URL of the Service of kubenurse'),
  KUBERNETES_SERVICE_HOST: optional(host, 'address of the API server; set by Kubernetes'),
  KUBERNETES_SERVICE_PORT: optional(PORT, 'port of the API server; set by Kubernetes'),
};

const CHECKS = {
  KUBENURSE_CHECK_INTERVAL: variable(duration('10ms', '24h'), 'interval of each check', '5s'),
  KUBENURSE_CHECK_API_SERVER_DIRECT: flag(
    'check the API server by its address, api_server_direct',
    'true',
  ),
  KUBENURSE_CHECK_API_SERVER_DNS: flag(
    'check the API server by its DNS name, api_server_dns',
    'true',
  ),
  KUBENURSE_CHECK_ME_INGRESS: flag('check kubenurse through the ingress, me_ingress', 'true'),
  KUBENURSE_CHECK_ME_SERVICE: flag('check kubenurse through its Service, me_service', 'true'),
  KUBENURSE_CHECK_NEIGHBOURHOOD: flag('check the neighbours, path_<node>', 'true'),
  KUBENURSE_CHECK_UDP: flag(
    'check the neighbours over UDP as well, udp_<node>, and reflect their packets',
    'false',
  ),
  KUBENURSE_CHECK_DNS: flag(
    "query each name server for the API server's name, dns_<address> over UDP and dns_tcp_<address> over TCP",
    'false',
  ),
  KUBENURSE_EXTRA_CHECKS: optional(
    extraChecks,
    'additional checks, name:url|name:url, with http, https, tcp, tls, dns or udp URLs',
  ),
  KUBERNETES_SERVICE_DNS: variable(
    host,
    'DNS name of the API server',
    'kubernetes.default.svc.cluster.local',
  ),
  KUBENURSE_RESOLV_CONF: variable(
    path,
    'resolver configuration file (resolv.conf(5)); a nameserver may have a port',
    '/etc/resolv.conf',
  ),
  KUBENURSE_INSECURE: flag('do not verify TLS certificates', 'false'),
  KUBENURSE_EXTRA_CA: optional(
    path,
    "PEM file with CAs to trust in addition to the system's and the cluster's",
  ),
  KUBENURSE_REUSE_CONNECTIONS: flag('reuse connections between checks', 'false'),
};

const NEIGHBOURS = {
  KUBENURSE_NAMESPACE: optional(name, 'namespace of the neighbour pods; all namespaces if not set'),
  KUBENURSE_NEIGHBOUR_FILTER: optional(labelSelector, 'label selector of the neighbour pods'),
  KUBENURSE_NEIGHBOUR_LIMIT: variable(
    neighbourLimit,
    'number of neighbours to check; 0 = all',
    '10',
  ),
  KUBENURSE_ROTATING_NEIGHBOURS: variable(
    integer(0, 100),
    'number of further neighbours to check in each round, a different set in each; 0 = none',
    '1',
  ),
  KUBENURSE_ALLOW_UNSCHEDULABLE: flag('check neighbours on cordoned nodes too', 'false'),
  KUBENURSE_PATH_FULL_SIZE: flag(
    'exchange full-size packets with each neighbour, so that an MTU fault fails the check',
    'true',
  ),
};

const SERVER = {
  KUBENURSE_LISTEN_ADDRESS: optional(
    ipAddress,
    'IP address to listen on; all addresses if not set',
  ),
  KUBENURSE_PORT: variable(PORT, 'HTTP port, the same for all neighbours', '8080'),
  KUBENURSE_TLS_PORT: variable(PORT, 'HTTPS port, the same for all neighbours', '8443'),
  KUBENURSE_UDP_PORT: variable(PORT, 'UDP port, the same for all neighbours', '8862'),
  KUBENURSE_USE_TLS: flag('also serve HTTPS, and check the neighbours over it', 'false'),
  KUBENURSE_CERT_FILE: optional(
    path,
    'PEM file with the server certificate; reloaded when it changes',
  ),
  KUBENURSE_CERT_KEY: optional(path, 'PEM file with its private key; reloaded when it changes'),
  KUBENURSE_SHUTDOWN_DURATION: variable(
    duration('0s', '1h'),
    'time between SIGTERM and exit, during which the pod is not ready but still responds',
    '5s',
  ),
};

const POD = {
  POD_NAME: optional(name, 'name of the pod, from the downward API; the host name if not set'),
  NODE_NAME: optional(
    name,
    'name of the node, from the downward API; read from the API server if not set',
  ),
  POD_UID: optional(token, 'UID of the pod, from the downward API'),
  POD_NAMESPACE: optional(name, 'namespace of the pod, from the downward API'),
};

const METRICS = {
  KUBENURSE_HISTOGRAM_BUCKETS: variable(
    buckets,
    'bucket boundaries in seconds',
    '0.0005,0.001,0.0025,0.005,0.01,0.025,0.05,0.1,0.25,0.5,1,2.5,5,10',
  ),
  KUBENURSE_EXPOSE_METADATA: flag('include HELP and TYPE lines in /metrics', 'true'),
  KUBENURSE_METRICS_DISABLED: optional(
    someOf(METRIC_NAMES),
    'names of metrics to disable, comma-separated',
  ),
  KUBENURSE_SERIES_RETENTION: variable(
    duration('0s', '24h'),
    'how long the series of a departed neighbour are kept',
    '10m',
  ),
  OTEL_METRICS_EXPORTER: optional(
    exporters,
    'metrics exporters, comma-separated: prometheus, otlp, console, the path or package of your own exporter, or none; if not set, prometheus, plus otlp if an endpoint is set',
  ),
  OTEL_METRIC_EXPORT_INTERVAL: variable(MILLISECONDS, 'push interval, in ms', '60000'),
  OTEL_METRIC_EXPORT_TIMEOUT: variable(MILLISECONDS, 'timeout of a push, in ms', '30000'),
  OTEL_RESOURCE_ATTRIBUTES: optional(keyValues, 'resource attributes, key=value,key=value'),
  OTEL_SERVICE_NAME: optional(path, 'service.name; "kubenurse" if not set'),
  OTEL_SDK_DISABLED: variable(otelBoolean, 'record and export no metrics', 'false'),
};

const OTLP = {
  OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: optional(url, 'URL to push metrics to'),
  OTEL_EXPORTER_OTLP_ENDPOINT: optional(
    url,
    'base URL for all signals, such as http://collector:4318; for metrics, /v1/metrics is appended',
  ),
  ...otlp('PROTOCOL', protocol, 'http/protobuf (the default) or http/json'),
  ...otlp('HEADERS', keyValues, 'request headers, key=value,key=value'),
  ...otlp('COMPRESSION', enumOf(['gzip', 'none']), 'gzip or none (the default)'),
  ...otlp('TIMEOUT', MILLISECONDS, 'timeout of a push including retries, in ms (default 10000)'),
  ...otlp('CERTIFICATE', path, 'PEM file with the CA of the receiver'),
  ...otlp('CLIENT_CERTIFICATE', path, 'PEM file with the client certificate'),
  ...otlp('CLIENT_KEY', path, 'PEM file with its private key'),
  OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: optional(
    enumOf(['cumulative', 'delta', 'lowmemory']),
    'cumulative (the default), delta or lowmemory',
  ),
  OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION: optional(
    enumOf(['explicit_bucket_histogram', 'base2_exponential_bucket_histogram']),
    'explicit_bucket_histogram (the default) or base2_exponential_bucket_histogram',
  ),
};

const LOG = {
  KUBENURSE_LOG_LEVEL: variable(
    oneOf(LOG_LEVELS),
    `least severe level to log: ${LOG_LEVELS.join(', ')}`,
    'info',
  ),
};

/** Every variable of kubenurse (names and defaults: the contract). */
export const VARIABLES = {
  ...REQUIRED,
  ...CHECKS,
  ...NEIGHBOURS,
  ...SERVER,
  ...POD,
  ...METRICS,
  ...OTLP,
  ...LOG,
};

/** The variables by subject, in the order of the help and of docs/settings.md. */
export const GROUPS: Readonly<Record<string, Readonly<Record<string, Variable>>>> = {
  'Required, unless the check that uses it is disabled': REQUIRED,
  Checks: CHECKS,
  Neighbours: NEIGHBOURS,
  Server: SERVER,
  'Pod identity': POD,
  Metrics: METRICS,
  'OTLP export': OTLP,
  Logging: LOG,
};

/**
 * An OTLP exporter variable for metrics, and the one for all signals, which the first overrides.
 */
function otlp<Name extends string, Value>(name: Name, parse: Parse<Value>, description: string) {
  return {
    [`OTEL_EXPORTER_OTLP_METRICS_${name}`]: optional(parse, description),
    [`OTEL_EXPORTER_OTLP_${name}`]: optional(parse, 'the same, for all signals'),
  } as Record<`OTEL_EXPORTER_OTLP_${'METRICS_' | ''}${Name}`, Variable<Value>>;
}

export type VariableName = keyof typeof VARIABLES;

/** The value of each variable. */
export type Values = {
  [Name in VariableName]: (typeof VARIABLES)[Name] extends { default: string }
    ? ReturnType<(typeof VARIABLES)[Name]['parse']>
    : ReturnType<(typeof VARIABLES)[Name]['parse']> | undefined;
};
