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

/** A variable of the environment. Without a default, one that is not set is `undefined`. */
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

/** The names of pino's levels. */
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const PORT = integer(1, 65_535);
const MILLISECONDS = integer(1, 86_400_000);

/** Every variable that we read, in the order in which the help and docs/settings.md list them (names and defaults: the contract). */
export const VARIABLES = {
  KUBENURSE_INGRESS_URL: optional(baseUrl, 'where the ingress publishes us'),
  KUBENURSE_SERVICE_URL: optional(baseUrl, 'our service'),
  KUBENURSE_INSECURE: flag('do not verify TLS certificates', 'false'),
  KUBENURSE_EXTRA_CA: optional(path, "PEM file, trusted beside the system's and the cluster's CAs"),
  KUBENURSE_NAMESPACE: optional(
    name,
    'namespace of the neighbour pods; every namespace if not set',
  ),
  KUBENURSE_NEIGHBOUR_FILTER: optional(labelSelector, 'label selector of the neighbour pods'),
  KUBENURSE_NEIGHBOUR_LIMIT: variable(neighbourLimit, 'how many neighbours to ask; 0 = all', '10'),
  KUBENURSE_ALLOW_UNSCHEDULABLE: flag('ask neighbours on cordoned nodes too', 'false'),
  KUBENURSE_CHECK_API_SERVER_DIRECT: flag('check api_server_direct', 'true'),
  KUBENURSE_CHECK_API_SERVER_DNS: flag('check api_server_dns', 'true'),
  KUBENURSE_CHECK_ME_INGRESS: flag('check me_ingress', 'true'),
  KUBENURSE_CHECK_ME_SERVICE: flag('check me_service', 'true'),
  KUBENURSE_CHECK_NEIGHBOURHOOD: flag('check the neighbours, path_<node>', 'true'),
  KUBENURSE_EXTRA_CHECKS: optional(extraChecks, 'further checks, name:url|name:url'),
  KUBENURSE_CHECK_INTERVAL: variable(duration('10ms', '24h'), 'how often each check is made', '5s'),
  KUBENURSE_REUSE_CONNECTIONS: flag('keep connections between checks', 'false'),
  KUBENURSE_PATH_FULL_SIZE: flag(
    'send more than two full-size packets to each neighbour and back, so that an MTU fault fails the check',
    'true',
  ),
  KUBENURSE_HISTOGRAM_BUCKETS: variable(
    buckets,
    'bucket boundaries in seconds',
    '0.0005,0.001,0.0025,0.005,0.01,0.025,0.05,0.1,0.25,0.5,1,2.5,5,10',
  ),
  KUBENURSE_EXPOSE_METADATA: flag('HELP and TYPE lines in /metrics', 'true'),
  KUBENURSE_METRICS_DISABLED: optional(
    someOf(METRIC_NAMES),
    'names of metrics to leave out, comma-separated',
  ),
  KUBENURSE_SERIES_RETENTION: variable(
    duration('0s', '24h'),
    'how long the series of a neighbour outlive the last check of it',
    '10m',
  ),
  KUBENURSE_SHUTDOWN_DURATION: variable(
    duration('0s', '1h'),
    'how long to answer after SIGTERM, no longer ready',
    '5s',
  ),
  KUBENURSE_LISTEN_ADDRESS: optional(
    ipAddress,
    'IP address to listen on; every address if not set',
  ),
  KUBENURSE_PORT: variable(PORT, "port of HTTP, ours and every neighbour's", '8080'),
  KUBENURSE_TLS_PORT: variable(PORT, "port of HTTPS, ours and every neighbour's", '8443'),
  KUBENURSE_USE_TLS: flag('serve HTTPS too, and ask the neighbours by it', 'false'),
  KUBENURSE_CERT_FILE: optional(path, 'PEM file, our certificate; read again when it changes'),
  KUBENURSE_CERT_KEY: optional(path, 'PEM file, its private key; read again when it changes'),
  KUBENURSE_RESOLV_CONF: variable(
    path,
    'how names are resolved (resolv.conf(5)); a nameserver may have a port',
    '/etc/resolv.conf',
  ),
  KUBENURSE_LOG_LEVEL: variable(oneOf(LOG_LEVELS), LOG_LEVELS.join(', '), 'info'),
  KUBERNETES_SERVICE_HOST: optional(host, 'the API server; set by Kubernetes'),
  KUBERNETES_SERVICE_PORT: optional(PORT, 'its port; set by Kubernetes'),
  KUBERNETES_SERVICE_DNS: variable(
    host,
    'DNS name of the API server',
    'kubernetes.default.svc.cluster.local',
  ),
  POD_NAME: optional(name, "our pod's name, by the downward API; the host's name if not set"),
  NODE_NAME: optional(name, "our node's name, by the downward API; that of our pod if not set"),
  POD_UID: optional(token, "our pod's UID, by the downward API"),
  POD_NAMESPACE: optional(name, "our pod's namespace, by the downward API"),
  OTEL_METRICS_EXPORTER: optional(
    exporters,
    'how metrics leave: prometheus, otlp, console, a module, several of them, or none; prometheus if not set, and otlp too as soon as an endpoint is',
  ),
  OTEL_METRIC_EXPORT_INTERVAL: variable(MILLISECONDS, 'milliseconds between two pushes', '60000'),
  OTEL_METRIC_EXPORT_TIMEOUT: variable(MILLISECONDS, 'milliseconds that a push may take', '30000'),
  ...otlp('ENDPOINT', url, 'where OTLP is pushed to'),
  ...otlp('PROTOCOL', protocol, 'http/protobuf (the default) or http/json'),
  ...otlp('HEADERS', keyValues, 'header fields of a push, key=value,key=value'),
  ...otlp('COMPRESSION', enumOf(['gzip', 'none']), 'gzip or none'),
  ...otlp(
    'TIMEOUT',
    MILLISECONDS,
    'milliseconds that a push may take, retries included (default 10000)',
  ),
  ...otlp('CERTIFICATE', path, 'PEM file, the authority of the other side'),
  ...otlp('CLIENT_CERTIFICATE', path, 'PEM file, our certificate for the push'),
  ...otlp('CLIENT_KEY', path, 'PEM file, its private key'),
  OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE: optional(
    enumOf(['cumulative', 'delta', 'lowmemory']),
    'cumulative (the default), delta or lowmemory',
  ),
  OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION: optional(
    enumOf(['explicit_bucket_histogram', 'base2_exponential_bucket_histogram']),
    'explicit_bucket_histogram (the default) or base2_exponential_bucket_histogram',
  ),
  OTEL_RESOURCE_ATTRIBUTES: optional(keyValues, 'attributes of the resource, key=value,key=value'),
  OTEL_SERVICE_NAME: optional(path, 'service.name, "kubenurse" if not set'),
  OTEL_SDK_DISABLED: variable(otelBoolean, 'record and export no metrics', 'false'),
};

/** A variable of the OTLP exporter for every signal, and the one for metrics, which comes first. */
function otlp<Name extends string, Value>(name: Name, parse: Parse<Value>, description: string) {
  return {
    [`OTEL_EXPORTER_OTLP_METRICS_${name}`]: optional(parse, description),
    [`OTEL_EXPORTER_OTLP_${name}`]: optional(parse, 'the same, for every signal'),
  } as Record<`OTEL_EXPORTER_OTLP_${'METRICS_' | ''}${Name}`, Variable<Value>>;
}

export type VariableName = keyof typeof VARIABLES;

/** The value of each variable. */
export type Values = {
  [Name in VariableName]: (typeof VARIABLES)[Name] extends { default: string }
    ? ReturnType<(typeof VARIABLES)[Name]['parse']>
    : ReturnType<(typeof VARIABLES)[Name]['parse']> | undefined;
};
