import { accessSync, constants, statSync } from 'node:fs';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { type OtlpSettings, otlpSettings } from './config/otlp.ts';
import type { ExtraCheck } from './config/parsers.ts';
import { type Environment, readValues } from './config/read-values.ts';
import { shown } from './config/shown.ts';
import { VARIABLES, type Values, type VariableName } from './config/variables.ts';
import { ineffective } from './config/warnings.ts';
import { readQuestion } from './probes/dns-question.ts';

/** The configuration of the program. */
export type Config = Readonly<{
  /** The targets of the checks; undefined: disabled. */
  targets: Readonly<{
    apiServerDirect: URL | undefined;
    apiServerDns: URL | undefined;
    meIngress: URL | undefined;
    meService: URL | undefined;
    /** What each name server is queried for, as `dns:name?type=A`. */
    nameServers: URL | undefined;
    extra: readonly ExtraCheck[];
  }>;
  /** Undefined: disabled. */
  neighbours:
    | Readonly<{
        /** Empty: every namespace. */
        namespace: string;
        labelSelector: string;
        limit: number;
        /** How many other neighbours to check in each round. */
        rotating: number;
        allowUnschedulable: boolean;
        scheme: 'http' | 'https';
        port: number;
        /** Undefined: not checked by UDP. */
        udpPort: number | undefined;
      }>
    | undefined;
  self: Readonly<{
    podName: string;
    podUid: string | undefined;
    namespace: string | undefined;
    nodeName: string | undefined;
    hostname: string;
  }>;
  /** Milliseconds. */
  interval: number;
  /** Milliseconds. */
  shutdownDuration: number;
  network: Readonly<{
    insecure: boolean;
    extraCA: string | undefined;
    reuseConnections: boolean;
    isPathFullSize: boolean;
    resolvConf: string;
  }>;
  server: Readonly<{
    address: string | undefined;
    port: number;
    /** Undefined: no packets are reflected. */
    udpPort: number | undefined;
    tls: Readonly<{ port: number; certFile: string; keyFile: string }> | undefined;
  }>;
  metrics: Readonly<{
    isDisabled: boolean;
    buckets: readonly number[];
    disabled: readonly string[];
    /** Milliseconds. */
    retention: number;
    /** Names of built-in exporters, or modules. */
    exporters: readonly string[];
    /** Both in milliseconds. */
    exportInterval: number;
    exportTimeout: number;
    /** HELP and TYPE lines. */
    exposeMetadata: boolean;
    /** Resource attributes from the environment. */
    resource: Readonly<Record<string, string>>;
    otlp: OtlpSettings;
  }>;
  logLevel: Values['KUBENURSE_LOG_LEVEL'];
  /** Warnings to log at startup. */
  warnings: readonly string[];
}>;

/** The configuration is invalid. The message lists every error on a separate line. */
export class ConfigError extends Error {
  constructor(mistakes: readonly string[]) {
    super(`invalid configuration\n${mistakes.map((mistake) => `  ${mistake}`).join('\n')}`);
  }
}

/** Variables that are required if another one is enabled. */
const NEEDS: readonly (readonly [VariableName, VariableName])[] = [
  ['KUBENURSE_CHECK_API_SERVER_DIRECT', 'KUBERNETES_SERVICE_HOST'],
  ['KUBENURSE_CHECK_API_SERVER_DIRECT', 'KUBERNETES_SERVICE_PORT'],
  ['KUBENURSE_CHECK_API_SERVER_DNS', 'KUBERNETES_SERVICE_PORT'],
  ['KUBENURSE_CHECK_ME_INGRESS', 'KUBENURSE_INGRESS_URL'],
  ['KUBENURSE_CHECK_ME_SERVICE', 'KUBENURSE_SERVICE_URL'],
  ['KUBENURSE_USE_TLS', 'KUBENURSE_CERT_FILE'],
  ['KUBENURSE_USE_TLS', 'KUBENURSE_CERT_KEY'],
];

/** The values once all required ones are set; those of disabled checks are unused. */
type Complete = { [Name in VariableName]-?: NonNullable<Values[Name]> };

/** Reads the configuration from the environment. Throws a `ConfigError` with all errors. */
export function readConfig(environment: Environment): Config {
  const { values, mistakes, warnings: valueWarnings } = readValues(environment);
  for (const [name, mistake] of mistakes) {
    if (!isIgnored(name, values)) continue;
    mistakes.delete(name);
    valueWarnings.push(`${mistake}: ignored`);
  }
  for (const [whole, part] of NEEDS) {
    if (values[whole] && values[part] === undefined && !mistakes.has(part)) {
      mistakes.set(
        part,
        `${part} is not set (${VARIABLES[part].description}): set it, or ${whole}=false`,
      );
    }
  }
  for (const name of ['KUBENURSE_CERT_FILE', 'KUBENURSE_CERT_KEY'] as const) {
    const path = values[name];
    if (values.KUBENURSE_USE_TLS && path !== undefined && !isReadable(path)) {
      mistakes.set(name, `${name}=${shown(path)} must be a readable file`);
    }
  }
  const dnsMistake = nameToQueryMistake(values);
  if (dnsMistake !== undefined) mistakes.set('KUBERNETES_SERVICE_DNS', dnsMistake);
  if (mistakes.size > 0) throw new ConfigError([...mistakes.values()]);
  const warnings = [...valueWarnings, ...ineffective(environment), ...everyNamespace(values)];
  return Object.freeze({ ...assemble(values as Complete), warnings });
}

/** The error in the name that name servers are queried for, if any. */
function nameToQueryMistake({
  KUBENURSE_CHECK_DNS: isEnabled,
  KUBERNETES_SERVICE_DNS: name,
}: Values): string | undefined {
  const isName = isIP(name) === 0 && readQuestion(`dns:${name}`) !== undefined;
  if (!isEnabled || isName) return undefined;
  return `KUBERNETES_SERVICE_DNS=${shown(name)} must be a DNS name: set one, or KUBENURSE_CHECK_DNS=false`;
}

/**
 * OpenTelemetry variables that cannot be read are ignored with a warning, per the specification:
 * they may be meant for other programs. Endpoints are an exception if OTLP is requested.
 */
function isIgnored(name: string, values: Values): boolean {
  if (!name.startsWith('OTEL_')) return false;
  return !(name.endsWith('_ENDPOINT') && values.OTEL_METRICS_EXPORTER?.includes('otlp'));
}

/** The contract: Prometheus, plus OTLP if an endpoint is set. */
function defaultExporters(values: Values): string[] {
  const endpoint = values.OTEL_EXPORTER_OTLP_METRICS_ENDPOINT ?? values.OTEL_EXPORTER_OTLP_ENDPOINT;
  return endpoint === undefined ? ['prometheus'] : ['prometheus', 'otlp'];
}

function isReadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function assemble(values: Complete): Omit<Config, 'warnings'> {
  return {
    targets: targetsOf(values),
    neighbours: neighboursOf(values),
    self: {
      podName: values.POD_NAME ?? hostname(),
      podUid: values.POD_UID,
      namespace: values.POD_NAMESPACE ?? values.KUBENURSE_NAMESPACE,
      nodeName: values.NODE_NAME,
      hostname: hostname(),
    },
    interval: values.KUBENURSE_CHECK_INTERVAL,
    shutdownDuration: values.KUBENURSE_SHUTDOWN_DURATION,
    network: {
      insecure: values.KUBENURSE_INSECURE,
      extraCA: values.KUBENURSE_EXTRA_CA,
      reuseConnections: values.KUBENURSE_REUSE_CONNECTIONS,
      isPathFullSize: values.KUBENURSE_PATH_FULL_SIZE,
      resolvConf: values.KUBENURSE_RESOLV_CONF,
    },
    server: {
      address: values.KUBENURSE_LISTEN_ADDRESS,
      port: values.KUBENURSE_PORT,
      udpPort: udpPortOf(values),
      tls: values.KUBENURSE_USE_TLS
        ? {
            port: values.KUBENURSE_TLS_PORT,
            certFile: values.KUBENURSE_CERT_FILE,
            keyFile: values.KUBENURSE_CERT_KEY,
          }
        : undefined,
    },
    metrics: {
      isDisabled: values.OTEL_SDK_DISABLED,
      buckets: values.KUBENURSE_HISTOGRAM_BUCKETS,
      disabled: values.KUBENURSE_METRICS_DISABLED ?? [],
      retention: values.KUBENURSE_SERIES_RETENTION,
      exporters: values.OTEL_METRICS_EXPORTER ?? defaultExporters(values),
      exportInterval: values.OTEL_METRIC_EXPORT_INTERVAL,
      exportTimeout: values.OTEL_METRIC_EXPORT_TIMEOUT,
      exposeMetadata: values.KUBENURSE_EXPOSE_METADATA,
      resource: {
        ...values.OTEL_RESOURCE_ATTRIBUTES,
        ...(values.OTEL_SERVICE_NAME ? { 'service.name': values.OTEL_SERVICE_NAME } : {}),
      },
      otlp: otlpSettings(values),
    },
    logLevel: values.KUBENURSE_LOG_LEVEL,
  };
}

function targetsOf(values: Complete): Config['targets'] {
  return {
    apiServerDirect: values.KUBENURSE_CHECK_API_SERVER_DIRECT
      ? versionUrl(values.KUBERNETES_SERVICE_HOST, values.KUBERNETES_SERVICE_PORT)
      : undefined,
    apiServerDns: values.KUBENURSE_CHECK_API_SERVER_DNS
      ? versionUrl(values.KUBERNETES_SERVICE_DNS, values.KUBERNETES_SERVICE_PORT)
      : undefined,
    meIngress: values.KUBENURSE_CHECK_ME_INGRESS
      ? alwaysHappyUrl(values.KUBENURSE_INGRESS_URL)
      : undefined,
    meService: values.KUBENURSE_CHECK_ME_SERVICE
      ? alwaysHappyUrl(values.KUBENURSE_SERVICE_URL)
      : undefined,
    nameServers: values.KUBENURSE_CHECK_DNS ? apiServerQuestion(values) : undefined,
    extra: values.KUBENURSE_EXTRA_CHECKS ?? [],
  };
}

function neighboursOf(values: Complete): Config['neighbours'] {
  return values.KUBENURSE_CHECK_NEIGHBOURHOOD
    ? {
        namespace: values.KUBENURSE_NAMESPACE ?? '',
        labelSelector: values.KUBENURSE_NEIGHBOUR_FILTER ?? '',
        limit: values.KUBENURSE_NEIGHBOUR_LIMIT,
        rotating: values.KUBENURSE_ROTATING_NEIGHBOURS,
        allowUnschedulable: values.KUBENURSE_ALLOW_UNSCHEDULABLE,
        scheme: values.KUBENURSE_USE_TLS ? 'https' : 'http',
        port: values.KUBENURSE_USE_TLS ? values.KUBENURSE_TLS_PORT : values.KUBENURSE_PORT,
        udpPort: udpPortOf(values),
      }
    : undefined;
}

function udpPortOf(values: Complete): number | undefined {
  return values.KUBENURSE_CHECK_UDP ? values.KUBENURSE_UDP_PORT : undefined;
}

function versionUrl(host: string, port: number): URL {
  return new URL(`https://${host}:${port}/version`);
}

/** Queries for addresses of the same family as that of the API server's Service. */
function apiServerQuestion(values: Complete): URL {
  const type = values.KUBERNETES_SERVICE_HOST?.startsWith('[') ? 'AAAA' : 'A';
  return new URL(`dns:${values.KUBERNETES_SERVICE_DNS}?type=${type}`);
}

function alwaysHappyUrl(base: URL): URL {
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/$/, '')}/alwayshappy`;
  return url;
}

/** A warning, with the required permission, if neighbours are looked up in every namespace. */
function everyNamespace(values: Values): string[] {
  if (!values.KUBENURSE_CHECK_NEIGHBOURHOOD || values.KUBENURSE_NAMESPACE !== undefined) return [];
  const which = values.KUBENURSE_NEIGHBOUR_FILTER ?? 'every pod: set KUBENURSE_NEIGHBOUR_FILTER';
  return [
    `KUBENURSE_NAMESPACE is not set: looking for neighbours in every namespace (${which}), which requires a ClusterRole with list and watch on pods`,
  ];
}
