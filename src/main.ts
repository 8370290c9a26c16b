#!/usr/bin/env node
// First, before anything else is loaded: see there.
import './signals.ts';

import dns from 'node:dns';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { startExports } from '../exporters/start.ts';
import packageJson from '../package.json' with { type: 'json' };
import { CheckStates } from './check-states.ts';
import { createChecks } from './checks.ts';
import { limitClientRequests } from './client-limits.ts';
import { readCommand, UsageError } from './command-line.ts';
import { help } from './config/help.ts';
import { type Config, ConfigError, readConfig } from './config.ts';
import { watchEventLoop, withActiveTime } from './event-loop.ts';
import { ExportHealth } from './export-health.ts';
import { clusterAuthority, createAuthorization } from './kubernetes/credentials.ts';
import { isLoopback, logOnce } from './kubernetes/invalid-values.ts';
import { createCordonedNodeInformer, isNodeGone, readZone } from './kubernetes/nodes.ts';
import { createPodInformer } from './kubernetes/pods.ts';
import { createLog, limitedErrors } from './log.ts';
import { createMetrics } from './metrics.ts';
import { ringPosition } from './neighbours/choose.ts';
import { Neighbourhood } from './neighbours/discover.ts';
import { IncomingChecks } from './neighbours/incoming-checks.ts';
import { ZoneCache } from './neighbours/zone-cache.ts';
import { alivePage } from './pages/alive.ts';
import { alwaysHappyPage, ORIGIN_HEADER } from './pages/alwayshappy.ts';
import { metricsPage } from './pages/metrics.ts';
import { readyPage } from './pages/ready.ts';
import { createCaBundle } from './probes/ca-bundle.ts';
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
import { Startup } from './startup.ts';
import { untrusted } from './tls-verification.ts';
import { warmUp } from './warm-up.ts';

const RING = 2 ** 64;

/**
 * Sets of attributes, of all metrics together: a path has some 25 of them, so that this is enough for 2,000 neighbours
 * (KUBENURSE_NEIGHBOUR_LIMIT=0), and at 1 KB each a bound on memory.
 */
const MAX_STREAMS = 50_000;

/** How long the last export may take, in milliseconds. */
const FINAL_EXPORT_TIMEOUT_MS = 2_000;

/** How long the last log lines may wait for standard output to take them, in milliseconds. */
const LOG_FLUSH_TIMEOUT_MS = 1_000;

async function main(): Promise<void> {
  let config: Config;
  try {
    const command = readCommand(process.argv.slice(2));
    if (command === 'help') return print(help());
    if (command === 'version') return print(packageJson.version);
    config = readConfig(process.env);
    if (command === 'check-config') {
      return print([...config.warnings, 'the configuration is valid'].join('\n'));
    }
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof UsageError)) throw error;
    process.stderr.write(`kubenurse: ${error.message}\n`);
    process.exitCode = 2;
    return;
  }
  const output = openStandardOutput(process.stdout.fd, (lines) =>
    log.warn({ lines }, 'log lines dropped: cannot write to standard output'),
  );
  const log = createLog(config.logLevel, config.self.podName, output);
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
    await end(0);
  } catch (error) {
    log.fatal({ error: (error as Error).message }, 'kubenurse cannot start');
    await end(1);
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function run(config: Config, log: Logger, output: StandardOutput): Promise<void> {
  limitClientRequests();
  const stop = new AbortController();
  for (const warning of config.warnings) log.warn(warning);

  const resolver = createResolver({ resolvConf: config.network.resolvConf, hosts: '/etc/hosts' });
  // Also for the API server, the push and exporters of users, whose clients all look names up by this function.
  dns.lookup = createLookup(resolver.resolve);

  const incomingChecks = new IncomingChecks();
  const neighbourhood =
    config.neighbours &&
    discover(
      { ...config.neighbours, allowLoopback: isLoopback(config.server.address ?? '') },
      config.self,
      log,
      stop.signal,
    );

  const states = new CheckStates(config.metrics.retention);
  const trust = createCaBundle({
    cluster: clusterAuthority(),
    extraFile: config.network.extraCA,
    onMistake: (mistake) => log.error(mistake),
  });
  const exportHealth = new ExportHealth(config.metrics.exporters, MAX_STREAMS, log);
  const exports = await startExports({
    names: config.metrics.isDisabled ? [] : config.metrics.exporters,
    settings: config.metrics,
    environment: process.env,
    tls: { options: trust.verifyOptions, untrusted },
    resource: {
      ...resourceAttributes({ ...config.self, version: packageJson.version }),
      ...config.metrics.resource,
    },
    streams: {
      isStale: states.isStale,
      maxStreams: MAX_STREAMS,
      onDropped: exportHealth.onDropped,
    },
    write: output.write,
    interval: config.metrics.exportInterval,
    timeout: config.metrics.exportTimeout,
    onFailure: exportHealth.onFailure,
    onRecovery: exportHealth.onRecovery,
  });
  const metrics = createMetrics({
    meter: exports.meter('kubenurse', packageJson.version),
    boundaries: config.metrics.buckets,
    disabled: config.metrics.disabled,
    incomingChecks,
    version: packageJson.version,
    exportHealth,
    droppedLogLines: output.droppedLines,
  });
  const unwatchEventLoop = watchEventLoop((seconds) => metrics.eventLoopDelay.record(seconds));

  const idle = config.network.reuseConnections ? new IdleConnections() : undefined;
  const http: HttpOptions = {
    resolve: resolver.resolve,
    secureContext: trust.secureContext,
    insecure: config.network.insecure,
    userAgent: `kubenurse/${packageJson.version}`,
    idle,
    readTcpInfo: await tcpInfoReader(log),
  };
  const probe = (options: Partial<HttpOptions> = {}) =>
    withActiveTime(createHttpProbe({ ...http, ...options }), (seconds) =>
      metrics.eventLoopActive.record(seconds),
    );
  const probeSelf = createHttpProbe({ ...http, idle: undefined });
  const startup = new Startup(config.interval);
  const schedule = new Schedule({
    checks: createChecks(
      { ...config.targets, neighbours: config.neighbours },
      {
        apiServer: probe({
          authorization: createAuthorization((error) =>
            log.error({ error: error.message }, 'cannot read the API server token'),
          ),
          isClusterServer: trust.isClusterServer,
        }),
        neighbour: probe({
          headers: { [ORIGIN_HEADER]: config.self.podName },
          isFullSize: config.network.isPathFullSize,
        }),
        other: probe(),
      },
      neighbourhood,
      startup,
    ),
    states,
    recorders: [metricsRecorder(metrics), logRecorder(log)],
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
      '/': (context) => {
        context.status = 301;
        context.redirect('/alive');
      },
      '/alive': alivePage({
        hostname: config.self.podName,
        refresh: (maxAge) => schedule.refresh(maxAge),
        node: config.self.nodeName,
        results: () => states.texts,
        failing: () => states.failing,
        neighbourhood,
      }),
      '/alwayshappy': alwaysHappyPage(incomingChecks, PADDING_HEADER),
      '/ready': readyPage(notReadyReason, () => startup.foundReady()),
      ...(exports.scrape ? { '/metrics': metricsPage(exports.scrape) } : {}),
    },
    onError: limitedErrors(log),
  });
  log.info(
    { version: packageJson.version, port: server.http.port, tlsPort: server.https?.port },
    'kubenurse is listening',
  );
  schedule.start();

  log.info({ signal: await stopSignal }, 'kubenurse is stopping');
  stop.abort(new Error('kubenurse is shutting down'));
  schedule.stop();
  await sleep(config.shutdownDuration);
  await server.close();
  idle?.close();
  resolver.close();
  trust.close();
  unwatchEventLoop();
  await exports.shutdown(FINAL_EXPORT_TIMEOUT_MS);
  log.info('kubenurse has stopped');
}

/** Undefined where the kernel cannot be asked, which is logged: then there are no TCP metrics, and fewer causes. */
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

function discover(
  options: NonNullable<Config['neighbours']> & { allowLoopback: boolean },
  self: Config['self'],
  log: Logger,
  signal: AbortSignal,
): Neighbourhood {
  const events = (what: string) => ({
    onChange: () => neighbourhood.changed(),
    onError: (error: Error) =>
      log.warn({ error: error.message }, `cannot watch ${what}; keeping the last known list`),
    onRecovery: (milliseconds: number) =>
      log.info({ seconds: inSeconds(milliseconds) }, `watching ${what} again`),
    onInvalid: logOnce((text) => log.warn(text)),
  });
  const pods = createPodInformer(options, events('neighbours'));
  const cordonedNodes = options.allowUnschedulable
    ? undefined
    : createCordonedNodeInformer(events('cordoned nodes'));
  const neighbourhood = new Neighbourhood({
    ...self,
    limit: options.limit,
    pods,
    cordonedNodes,
    isNodeGone,
    // Without cordoned nodes to keep away from we may have no right to read any.
    zoneOf: (nodeName) => (options.allowUnschedulable ? '' : zones.get(nodeName)),
  });
  const zones = new ZoneCache({ readZone, signal, onKnown: () => neighbourhood.changed() });
  pods.follow(signal);
  cordonedNodes?.follow(signal);
  return neighbourhood;
}

/** With one digit after the point. */
function inSeconds(milliseconds: number): number {
  return Math.round(milliseconds / 100) / 10;
}

main();
