import { setImmediate } from 'node:timers/promises';
import { checkReports, type WhichHour } from './check-report.ts';
import type { CheckStates } from './check-states.ts';
import { createCollect } from './cluster/collect.ts';
import type { FetchFrom } from './cluster/collection.ts';
import { runSteps } from './cluster/run-steps.ts';
import type { Config } from './config.ts';
import type { RecentDelays } from './event-loop.ts';
import type { Neighbourhood } from './neighbours/discover.ts';
import type { IncomingChecks } from './neighbours/incoming-checks.ts';
import { alivePage } from './pages/alive.ts';
import { alwaysHappyPage } from './pages/alwayshappy.ts';
import { clusterJsonPage } from './pages/cluster-json.ts';
import { clusterPage } from './pages/cluster-page/page.ts';
import { clusterTextPage } from './pages/cluster-text.ts';
import { collectFor } from './pages/collect-for.ts';
import { createInTurn } from './pages/in-turn.ts';
import { metricsPage } from './pages/metrics.ts';
import type { Page } from './pages/page.ts';
import { readyPage } from './pages/ready.ts';
import { redirectTo } from './pages/redirect.ts';
import { reportPage } from './pages/report.ts';
import { boundViewers } from './pages/viewers.ts';
import { PADDING_HEADER } from './probes/full-size.ts';
import { RUNBOOKS } from './runbooks.ts';
import type { Schedule } from './schedule.ts';
import type { Startup } from './startup.ts';
import type { Report } from './verdict/report.ts';
import type { RunSteps } from './verdict/steps.ts';

/** What the pages show. */
export type Sources = Readonly<{
  self: Config['self'];
  version: string;
  /** Interval of the checks, in milliseconds. */
  interval: number;
  schedule: Schedule;
  states: CheckStates;
  delays: RecentDelays;
  neighbourhood: Neighbourhood | undefined;
  incomingChecks: IncomingChecks;
  /** Fetches what another pod knows; undefined if neighbours are not followed. */
  fetchReport: FetchFrom | undefined;
  startup: Startup;
  /** Aborted once the pod shuts down. */
  stop: AbortSignal;
  /** Undefined: no exporter is scraped, and there is no `/metrics`. */
  scrape: Parameters<typeof metricsPage>[0] | undefined;
}>;

/** The pages, by path. */
export function createPages(sources: Sources): Record<string, Page> {
  const { self, schedule, states, neighbourhood, incomingChecks, startup, scrape } = sources;
  const { fetchReport } = sources;
  const turn = async (milliseconds: number) => {
    await setImmediate();
    await schedule.betweenRounds(milliseconds);
  };
  const collect = collectFor(
    createCollect({
      ownReport: () => reportOf(sources, 'all'),
      others: neighbourhood &&
        fetchReport && { list: () => neighbourhood.podList(), fetch: fetchReport },
      signal: sources.stop,
      turn,
    }),
  );
  const recordCaller = (name: string) => {
    if (neighbourhood?.isCaller(name) !== false) incomingChecks.record(name);
  };
  const inTurn = createInTurn(turn);
  const bounded = boundViewers(turn);
  const run: RunSteps = (steps) => runSteps(steps, turn);
  return {
    '/': (context) => redirectTo(context, '/alive'),
    '/alive': alivePage({
      hostname: self.podName,
      node: self.nodeName,
      refresh: (maxAge) => schedule.refresh(maxAge),
      states: () => states.current(),
      neighbourhood,
      inTurn,
    }),
    '/alwayshappy': alwaysHappyPage({ record: recordCaller }, PADDING_HEADER),
    '/cluster': bounded(clusterPage(collect, RUNBOOKS, run)),
    '/cluster.json': bounded(clusterJsonPage(collect, run)),
    '/cluster.txt': bounded(clusterTextPage(collect, RUNBOOKS, run)),
    '/report': reportPage((hour) => reportOf(sources, hour), inTurn),
    '/ready': readyPage(
      () => notReadyReason(sources),
      () => startup.foundReady(),
    ),
    ...(scrape ? { '/metrics': metricsPage(scrape, inTurn, turn) } : {}),
  };
}

function notReadyReason({ stop, neighbourhood }: Sources): string | undefined {
  if (stop.aborted) return 'shutting down';
  return neighbourhood?.isUnreadyByCordon() ? 'the node is cordoned' : undefined;
}

function reportOf(
  { self, version, interval, states, delays, neighbourhood }: Sources,
  hour: WhichHour,
): Report {
  return {
    schema: 1,
    pod: self.podName,
    node: neighbourhood?.ownNode() ?? self.nodeName ?? self.hostname,
    zone: neighbourhood?.ownZone() ?? '',
    version,
    startedAt: performance.timeOrigin / 1000,
    reportedAt: Date.now() / 1000,
    checkIntervalSeconds: interval / 1000,
    checks: checkReports(states.current(), hour),
    eventLoopDelaySeconds: delays.mean,
    neighbourhood: neighbourhood?.listState() ?? { state: 'skipped', listedAt: null },
  };
}
