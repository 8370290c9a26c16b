import dns from 'node:dns';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { type Exports, startExports } from '../exporters/start.ts';
import packageJson from '../package.json' with { type: 'json' };
import { CheckStates } from './check-states.ts';
import { createChecks, type NeighbourPort, neighbourUrl, type Probes } from './checks.ts';
import type { FetchFrom } from './cluster/collection.ts';
import type { Config } from './config.ts';
import { RecentDelays, watchEventLoop, withActiveTime } from './event-loop.ts';
import { ExportHealth } from './export-health.ts';
import { clusterAuthority, createAuthorization } from './kubernetes/credentials.ts';
import { isLoopback } from './kubernetes/invalid-values.ts';
import { limitedErrors } from './log.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import type { Check, Probe } from './model.ts';
import { createNameServerChecks } from './name-server-checks.ts';
import { ringPosition } from './neighbours/choose.ts';
import { followNeighbourhood } from './neighbours/follow.ts';
import { IncomingChecks } from './neighbours/incoming-checks.ts';
import { RotatingNeighbours } from './neighbours/rotating.ts';
import { ORIGIN_HEADER } from './pages/alwayshappy.ts';
import { type CaBundle, createCaBundle } from './probes/ca-bundle.ts';
import { createCheckClocks } from './probes/check-clock.ts';
import { createFetchBody } from './probes/fetch-body.ts';
import { createHttpProbe, type HttpOptions } from './probes/http.ts';
import { IdleConnections } from './probes/idle-connections.ts';
import type { KindOptions } from './probes/kind.ts';
import { createProbe } from './probes/kinds.ts';
import { createLookup } from './probes/lookup.ts';
import { createNameServerProbe } from './probes/name-server.ts';
import { createResolver, type Resolver } from './probes/resolve.ts';
import { createTcpInfoReader } from './probes/tcp-info.ts';
import { limitProcess } from './process-limits.ts';
import { logRecorder, metricsRecorder, suspectRecorder } from './recorders.ts';
import { resourceAttributes } from './resource.ts';
import { createPages } from './routes.ts';
import { Schedule } from './schedule.ts';
import { startServer } from './server.ts';
import { stopSignal } from './signals.ts';
import { startReflector } from './stamp/reflector.ts';
import type { StandardOutput } from './standard-output.ts';
import { startFields } from './start-log.ts';
import { Startup } from './startup.ts';
import { untrusted } from './tls-verification.ts';
import { warmUp, warmUpSource } from './warm-up.ts';

const RING = 2 ** 64;

/**
 * Streams of all metrics together: a path has about 25, so this is enough for 2,000 neighbours
 * (KUBENURSE_NEIGHBOUR_LIMIT=0), and at 1 KB each it bounds memory.
 */
const MAX_STREAMS = 50_000;

/** Timeout of the final export, in milliseconds. */
const FINAL_EXPORT_TIMEOUT_MS = 2_000;

const { version } = packageJson;

/**
 * Runs until the stop signal. Rejects if a part cannot start. In either case all parts are closed,
 * the last one first.
 */
export async function run(config: Config, log: Logger, output: StandardOutput): Promise<void> {
  await using parts = new AsyncDisposableStack();
  const stop = new AbortController();
  parts.defer(() => stop.abort());
  for (const warning of config.warnings) log.warn(warning);
  await limitProcess(log, parts);
  const { self, interval, neighbours } = config;
  const caBundle = openCaBundle(config, log, parts);
  const probeOptions = await createProbeOptions(config, caBundle, log, parts);
  const { clocks } = probeOptions;

  const states = new CheckStates(config.metrics.retention);
  const exportHealth = new ExportHealth(config.metrics.exporters, MAX_STREAMS, log);
  const exports = await createExports(config, caBundle, states, exportHealth, output);
  parts.defer(() => exports.shutdown(FINAL_EXPORT_TIMEOUT_MS));
  const incomingChecks = new IncomingChecks();
  const metrics = createMetrics({
    meter: exports.meter('kubenurse', version),
    boundaries: config.metrics.buckets,
    disabled: config.metrics.disabled,
    incomingChecks,
    version,
    exportHealth,
    droppedLogLines: output.droppedLines,
  });
  const delays = new RecentDelays();
  parts.defer(
    watchEventLoop((seconds) => {
      delays.add(seconds);
      metrics.eventLoopDelay.record(seconds);
    }),
  );

  const startup = new Startup(interval);
  const allowLoopback = isLoopback(config.server.address ?? '');
  const neighbourhood =
    neighbours && followNeighbourhood({ ...neighbours, allowLoopback }, self, log, stop.signal);
  const probes = createProbes(probeOptions, config, metrics, caBundle, log);
  const rotating =
    neighbourhood && new RotatingNeighbours(neighbourhood, neighbours?.rotating ?? 0);
  const targets = { ...config.targets, neighbours };
  const checks = createChecks(targets, probes, neighbourhood, startup, rotating);
  const nameServerChecks = createDnsChecks(probeOptions, config, metrics);
  const localAddress = warmUpSource(config.server.address);
  const probeSelf = createHttpProbe({ ...probeOptions, idle: undefined, localAddress });
  const schedule = new Schedule({
    checks: (round) => [...checks(round), ...nameServerChecks()],
    states,
    recorders: [
      metricsRecorder(metrics),
      logRecorder(log),
      ...(rotating ? [suspectRecorder((result) => rotating.record(result), log)] : []),
    ],
    interval,
    phaseOffset: Number(ringPosition(self.podName)) / RING,
    warmUp: () => warmUp(probeSelf, server.http),
  });

  const pages = createPages({
    ...{ self, version, interval, schedule, states, delays },
    ...{ neighbourhood, incomingChecks, startup, stop: stop.signal, scrape: exports.scrape },
    fetchReport: neighbours && createFetchReport(probeOptions, neighbours),
  });
  const server = await startServer({
    ...config.server,
    pages,
    serving: {
      isBusy: () => schedule.isChecking(),
      isKnown: (client) => neighbourhood?.isPodAddress(client) === true,
      whileServing: (work) => (clocks ? clocks.whileServing(work) : work()),
    },
    onError: limitedErrors(log),
  });
  parts.defer(server.close);
  const { address, udpPort } = config.server;
  if (udpPort !== undefined) {
    const report = limitedErrors(log);
    const onError = (error: Error) => report(error, 'cannot receive UDP packets');
    const reflector = await startReflector({ address, port: udpPort, onError });
    parts.defer(reflector.close);
  }
  log.info(
    { version, port: server.http.port, tlsPort: server.https?.port, udpPort },
    'kubenurse is listening',
  );
  log.info(startFields(config), 'starting checks');
  schedule.start();

  log.info({ signal: await stopSignal }, 'kubenurse is stopping');
  stop.abort(new Error('kubenurse is shutting down'));
  schedule.stop();
  await sleep(config.shutdownDuration);
}

function openCaBundle(config: Config, log: Logger, parts: AsyncDisposableStack): CaBundle {
  const caBundle = createCaBundle({
    cluster: clusterAuthority(),
    extraFile: config.network.extraCA,
    onMistake: (mistake) => log.error(mistake),
  });
  parts.defer(caBundle.close);
  return caBundle;
}

/** The options of every probe's requests, valid until the parts are closed. */
async function createProbeOptions(
  { network }: Config,
  { secureContext }: CaBundle,
  log: Logger,
  parts: AsyncDisposableStack,
): Promise<KindOptions & Pick<Resolver, 'candidates'>> {
  const { resolve, nameservers, candidates, close } = createResolver({
    resolvConf: network.resolvConf,
    hosts: '/etc/hosts',
  });
  parts.defer(close);
  // Also used by the clients of the API server, of the push and of users' exporters.
  dns.lookup = createLookup(resolve);
  // Without it, fewer causes of failures can be told apart, too.
  const readTcpInfo = await whereSupported(
    createTcpInfoReader,
    log,
    'no TCP metrics: cannot read TCP_INFO from the kernel',
  );
  const idle = network.reuseConnections ? new IdleConnections() : undefined;
  parts.defer(() => idle?.close());
  return {
    resolve,
    nameservers,
    candidates,
    secureContext,
    insecure: network.insecure,
    userAgent: `kubenurse/${version}`,
    idle,
    readTcpInfo,
    clocks: await whereSupported(
      () => createCheckClocks(readTcpInfo),
      log,
      'latencies include the time for which a response waits while the probe serves others: cannot call poll() or read TCP_INFO',
    ),
  };
}

function createExports(
  config: Config,
  caBundle: CaBundle,
  { isStale }: CheckStates,
  { onDropped, onFailure, onRecovery }: ExportHealth,
  output: StandardOutput,
): Promise<Exports> {
  return startExports({
    names: config.metrics.isDisabled ? [] : config.metrics.exporters,
    settings: config.metrics,
    environment: process.env,
    tls: { options: caBundle.verifyOptions, untrusted },
    resource: { ...resourceAttributes({ ...config.self, version }), ...config.metrics.resource },
    streams: { isStale, maxStreams: MAX_STREAMS, onDropped },
    write: output.write,
    interval: config.metrics.exportInterval,
    timeout: config.metrics.exportTimeout,
    onFailure,
    onRecovery,
  });
}

function createProbes(
  options: KindOptions,
  config: Config,
  metrics: Metrics,
  { isClusterServer }: CaBundle,
  log: Logger,
): Probes {
  const measured = (probe: Probe) => withActiveTimeIn(metrics, probe);
  const http = (own: Partial<HttpOptions>) => measured(createHttpProbe({ ...options, ...own }));
  const authorization = createAuthorization((error) =>
    log.error({ error: error.message }, 'cannot read the API server token'),
  );
  return {
    apiServer: http({ authorization, isClusterServer }),
    neighbour: http({
      headers: { [ORIGIN_HEADER]: config.self.podName },
      isFullSize: config.network.isPathFullSize,
    }),
    // Without idle connections: there would be one to each node of the cluster.
    rotating: http({ isFullSize: config.network.isPathFullSize, idle: undefined }),
    other: measured(createProbe(options)),
  };
}

/** The current checks of name servers, if they are enabled. */
function createDnsChecks(
  options: Pick<KindOptions & Resolver, 'nameservers' | 'candidates' | 'clocks'>,
  { targets: { nameServers } }: Config,
  metrics: Metrics,
): () => readonly Check[] {
  if (nameServers === undefined) return () => [];
  return createNameServerChecks({
    ...options,
    query: nameServers,
    createProbe: (own) =>
      withActiveTimeIn(metrics, createNameServerProbe({ ...own, clocks: options.clocks })),
  });
}

function withActiveTimeIn(metrics: Metrics, probe: Probe): Probe {
  return withActiveTime(probe, (seconds) => metrics.eventLoopActive.record(seconds));
}

/** Fetches from a pod as a check of a neighbour does, but with a new connection for each report. */
function createFetchReport(http: HttpOptions, neighbours: NeighbourPort): FetchFrom {
  const fetchBody = createFetchBody({ ...http, idle: undefined });
  return ({ podIP, node }, page, signal, maxBody) =>
    fetchBody(neighbourUrl(neighbours, podIP, page), node, signal, maxBody);
}

/** Logs `without`, the consequence, and returns undefined if the system does not support it. */
async function whereSupported<T>(
  create: () => Promise<T>,
  log: Logger,
  without: string,
): Promise<T | undefined> {
  try {
    return await create();
  } catch (error) {
    log.info({ error: (error as Error).message }, without);
    return undefined;
  }
}
