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
  oneOf,
  type Parse,
  path,
} from './values.ts';

/** A variable of the environment. Without a default, one that is not set is `undefined`. */
export type Variable<Value = unknown> = Readonly<{
  parse: Parse<Value>;
  default?: string;
  description: string;
}>;

function variable<Value>(parse: Parse<Value>, description: string, fallback: string) {
  return { parse, description, default: fallback } satisfies Variable<Value>;
}

function optional<Value>(parse: Parse<Value>, description: string) {
  return { parse, description } satisfies Variable<Value>;
}

/** The names of pino's levels. */
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const PORT = integer(1, 65_535);

/** Every variable that we read, in the order in which the help and the README list them (names and defaults: the contract). */
export const VARIABLES = {
  KUBENURSE_INGRESS_URL: optional(baseUrl, 'where the ingress publishes us'),
  KUBENURSE_SERVICE_URL: optional(baseUrl, 'our service'),
  KUBENURSE_INSECURE: variable(boolean, 'do not verify TLS certificates', 'false'),
  KUBENURSE_EXTRA_CA: optional(path, "PEM file, trusted beside the system's and the cluster's CAs"),
  KUBENURSE_NAMESPACE: optional(name, 'namespace of the neighbour pods'),
  KUBENURSE_NEIGHBOUR_FILTER: optional(labelSelector, 'label selector of the neighbour pods'),
  KUBENURSE_NEIGHBOUR_LIMIT: variable(
    integer(0, 100_000),
    'how many neighbours to ask; 0 = all',
    '10',
  ),
  KUBENURSE_ALLOW_UNSCHEDULABLE: variable(boolean, 'ask neighbours on cordoned nodes too', 'false'),
  KUBENURSE_CHECK_API_SERVER_DIRECT: variable(boolean, 'check api_server_direct', 'true'),
  KUBENURSE_CHECK_API_SERVER_DNS: variable(boolean, 'check api_server_dns', 'true'),
  KUBENURSE_CHECK_ME_INGRESS: variable(boolean, 'check me_ingress', 'true'),
  KUBENURSE_CHECK_ME_SERVICE: variable(boolean, 'check me_service', 'true'),
  KUBENURSE_CHECK_NEIGHBOURHOOD: variable(boolean, 'check the neighbours, path_<node>', 'true'),
  KUBENURSE_EXTRA_CHECKS: optional(extraChecks, 'further checks, name:url|name:url'),
  KUBENURSE_CHECK_INTERVAL: variable(duration('10ms', '24h'), 'how often each check is made', '5s'),
  KUBENURSE_REUSE_CONNECTIONS: variable(boolean, 'keep connections between checks', 'false'),
  KUBENURSE_HISTOGRAM_BUCKETS: variable(
    buckets,
    'bucket boundaries in seconds',
    '0.0005,0.001,0.0025,0.005,0.01,0.025,0.05,0.1,0.25,0.5,1,2.5,5,10',
  ),
  KUBENURSE_EXPOSE_METADATA: variable(boolean, 'HELP and TYPE lines in /metrics', 'true'),
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
  KUBENURSE_USE_TLS: variable(boolean, 'serve HTTPS too, and ask the neighbours by it', 'false'),
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
};

export type VariableName = keyof typeof VARIABLES;

/** The value of each variable. */
export type Values = {
  [Name in VariableName]: (typeof VARIABLES)[Name] extends { default: string }
    ? ReturnType<(typeof VARIABLES)[Name]['parse']>
    : ReturnType<(typeof VARIABLES)[Name]['parse']> | undefined;
};
