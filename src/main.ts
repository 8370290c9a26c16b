#!/usr/bin/env node
// First, before anything else is loaded: see there.
import './signals.ts';

import dns from 'node:dns';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { importExporter } from '../exporters/load.ts';
import { type Exports, startExports } from '../exporters/start.ts';
import packageJson from '../package.json' with { type: 'json' };
import { configurationErrors } from './check-config.ts';
import { CheckHistory } from './check-history.ts';
import { CheckStates } from './check-states.ts';
import { createChecks, type Probes } from './checks.ts';
import { limitClientRequests } from './client-limits.ts';
import { readCommand, UsageError } from './command-line.ts';
import { help } from './config/help.ts';
import { type Config, ConfigError, readConfig } from './config.ts';
import { RecentDelays, watchEventLoop, withActiveTime } from './event-loop.ts';
import { ExportHealth } from './export-health.ts';
import { clusterAuthority, createAuthorization } from './kubernetes/credentials.ts';
import { isLoopback } from './kubernetes/invalid-values.ts';
import { createLog, limitedErrors } from './log.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { ringPosition } from './neighbours/choose.ts';
import { followNeighbourhood } from './neighbours/follow.ts';
import { IncomingChecks } from './neighbours/incoming-checks.ts';
import { alivePage } from './pages/alive.ts';
import { alwaysHappyPage, ORIGIN_HEADER } from './pages/alwayshappy.ts';
import { metricsPage } from './pages/metrics.ts';
import type { Page } from './pages/page.ts';
import { readyPage } from './pages/ready.ts';
import { reportPage } from './pages/report.ts';
import { type CaBundle, createCaBundle } from './probes/ca-bundle.ts';
import { PADDING_HEADER } from './probes/full-size.ts';
import { createHttpProbe, type HttpOptions } from './probes/http.ts';
import { IdleConnections } from './probes/idle-connections.ts';
import { createLookup } from './probes/lookup.ts';
import { createResolver } from './probes/resolve.ts';
import { createTcpInfoReader, type ReadTcpInfo } from './probes/tcp-info.ts';
import { logRecorder, metricsRecorder } from './recorders.ts';
import { resourceAttributes } from './resource.ts';
import { Schedule } from './schedule.ts';
import { startServer } from './server.ts';
import { stopSignal } from './signals.ts';
import { openStandardOutput, type StandardOutput } from './standard-output.ts';
import { startFields } from './start-log.ts';
import { Startup } from './startup.ts';
import { untrusted } from './tls-verification.ts';
import { warmUp } from './warm-up.ts';

const RING = 2 ** 64;

/**
 * Streams of all metrics together: a path has about 25, so this is enough for 2,000 neighbours
 * (KUBENURSE_NEIGHBOUR_LIMIT=0), and at 1 KB each it bounds memory.
 */
const MAX_STREAMS = 50_000;

/** Timeout of the final export, in milliseconds. */
const FINAL_EXPORT_TIMEOUT_MS = 2_000;

/** How long the last log lines may wait for standard output, in milliseconds. */
const LOG_FLUSH_TIMEOUT_MS = 1_000;

const { version } = packageJson;

async function main(): Promise<void> {
  let config: Config;
  try {
    const command = readCommand(process.argv.slice(2));
    if (command === 'help') return print(help());
    if (command === 'version') return print(version);
    config = readConfig(process.env);
    if (command === 'check-config') return await checkConfig(config);
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof UsageError)) throw error;
    process.stderr.write(`kubenurse: ${error.message}\n`);
    process.exitCode = 2;
    return;
  }
  const output = openStandardOutput(process.stdout.fd, (lines) =>
    log.warn({ lines }, 'log lines dropped: cannot write to standard output'),
  );
  const log = createLog(config.logLevel, config.self, output);
  const end = async (code: number) => {
    await output.flush(LOG_FLUSH_TIMEOUT_MS);
    process.exit(code);
  };
  const die = (error: unknown) => {
    log.fatal({ err: error }, 'exiting after an unexpected error');
    end(1);
  };
  process.on('uncaughtException', die).on('unhandledRejection', die);
  try {
    await run(config, log, output);
    log.info('kubenurse has stopped');
    await end(0);
  } catch (error) {
    log.fatal({ error: (error as Error).message }, 'kubenurse cannot start');
    await end(1);
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Throws a `ConfigError` with everything that would end the start, or that a start would report as an error. */
async function checkConfig(config: Config): Promise<void> {
  const errors = await configurationErrors(config, importExporter);
  if (errors.length > 0) throw new ConfigError(errors);
  print([...config.warnings, 'the configuration is valid'].join('\n'));
}

/** Runs until the stop signal. Rejects when a part cannot start; in either case all parts are closed, the last one first. */
async function run(config: Config, log: Logger, output: StandardOutput): Promise<void> {
  await using parts = new AsyncDisposableStack();
  const stop = new AbortController();
  parts.defer(() => stop.abort());
  for (const warning of config.warnings) log.warn(warning);

  limitClientRequests();
  const resolver = createResolver({ resolvConf: config.network.resolvConf, hosts: '/etc/hosts' });
  parts.defer(resolver.close);
  // Also used by the clients of the API server, of the push and of users' exporters.
  dns.lookup = createLookup(resolver.resolve);
  const caBundle = createCaBundle({
    cluster: clusterAuthority(),
    extraFile: config.network.extraCA,
    onMistake: (mistake) => log.error(mistake),
  });
  parts.defer(caBundle.close);

  const history = new CheckHistory();
  const states = new CheckStates(config.metrics.retention);
  const incomingChecks = new IncomingChecks();
  const exportHealth = new ExportHealth(config.metrics.exporters, MAX_STREAMS, log);
  const exports = await createExports(config, caBundle, states, exportHealth, output);
  parts.defer(() => exports.shutdown(FINAL_EXPORT_TIMEOUT_MS));
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

  const idle = config.network.reuseConnections ? new IdleConnections() : undefined;
  parts.defer(() => idle?.close());
  const http: HttpOptions = {
    resolve: resolver.resolve,
    secureContext: caBundle.secureContext,
    insecure: config.network.insecure,
    userAgent: `kubenurse/${version}`,
    idle,
    readTcpInfo: await tcpInfoReader(log),
  };
  const startup = new Startup(config.interval);
  const allowLoopback = isLoopback(config.server.address ?? '');
  const neighbourhood =
    config.neighbours &&
    followNeighbourhood({ ...config.neighbours, allowLoopback }, config.self, log, stop.signal);
  const checks = createChecks(
    { ...config.targets, neighbours: config.neighbours },
    createProbes(http, config, metrics, caBundle, log),
    neighbourhood,
    startup,
  );
  const probeSelf = createHttpProbe({ ...http, idle: undefined });
  const schedule = new Schedule({
    checks,
    states,
    recorders: [metricsRecorder(metrics), logRecorder(log), history.recorder],
    interval: config.interval,
    phaseOffset: Number(ringPosition(config.self.podName)) / RING,
    warmUp: () => warmUp(probeSelf, server.http),
  });

  const notReadyReason = () => {
    if (stop.signal.aborted) return 'shutting down';
    return neighbourhood?.isUnreadyByCordon() ? 'the node is cordoned' : undefined;
  };
  const server = await startServer({
    ...config.server,
    pages: {
      '/': redirectToAlive,
      '/alive': alivePage({
        hostname: config.self.podName,
        refresh: (maxAge) => schedule.refresh(maxAge),
        node: config.self.nodeName,
        results: () => states.texts,
        failing: () => states.failing,
        neighbourhood,
      }),
      '/alwayshappy': alwaysHappyPage(incomingChecks, PADDING_HEADER),
      '/report': reportPage(() => ({
        schema: 1,
        pod: config.self.podName,
        node: neighbourhood?.ownNode() ?? config.self.nodeName ?? config.self.hostname,
        zone: neighbourhood?.ownZone() ?? '',
        version,
        startedAt: performance.timeOrigin / 1000,
        reportedAt: Date.now() / 1000,
        checkIntervalSeconds: config.interval / 1000,
        checks: history.reports(),
        eventLoopDelaySeconds: delays.mean,
        neighbourhood: neighbourhood?.listState() ?? { state: 'skipped', listedAt: null },
      })),
      '/ready': readyPage(notReadyReason, () => startup.foundReady()),
      ...(exports.scrape ? { '/metrics': metricsPage(exports.scrape) } : {}),
    },
    onError: limitedErrors(log),
  });
  parts.defer(server.close);
  const { http: plain, https } = server;
  log.info({ version, port: plain.port, tlsPort: https?.port }, 'kubenurse is listening');
  log.info(startFields(config), 'starting checks');
  schedule.start();

  log.info({ signal: await stopSignal }, 'kubenurse is stopping');
  stop.abort(new Error('kubenurse is shutting down'));
  schedule.stop();
  await sleep(config.shutdownDuration);
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
  http: HttpOptions,
  config: Config,
  metrics: Metrics,
  { isClusterServer }: CaBundle,
  log: Logger,
): Probes {
  const probe = (options: Partial<HttpOptions> = {}) =>
    withActiveTime(createHttpProbe({ ...http, ...options }), (seconds) =>
      metrics.eventLoopActive.record(seconds),
    );
  const authorization = createAuthorization((error) =>
    log.error({ error: error.message }, 'cannot read the API server token'),
  );
  return {
    apiServer: probe({ authorization, isClusterServer }),
    neighbour: probe({
      headers: { [ORIGIN_HEADER]: config.self.podName },
      isFullSize: config.network.isPathFullSize,
    }),
    other: probe(),
  };
}

const redirectToAlive: Page = (context) => {
  context.status = 301;
  context.redirect('/alive');
};

/** Undefined, and logged, if the kernel does not support it: there are no TCP metrics then, and fewer causes. */
async function tcpInfoReader(log: Logger): Promise<ReadTcpInfo | undefined> {
  try {
    return await createTcpInfoReader();
  } catch (error) {
    log.info(
      { error: (error as Error).message },
      'no TCP metrics: cannot read TCP_INFO from the kernel',
    );
    return undefined;
  }
}

main();
