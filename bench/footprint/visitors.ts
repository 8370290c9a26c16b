import { once } from 'node:events';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { UDP_PORT } from '../../lab/parts/pod.ts';
import { runSession } from '../../src/stamp/sender.ts';
import { type CheckCounts, checkCounts } from './check-counts.ts';
import type { ProbedCluster } from './probed-cluster.ts';

const REQUEST_LIMIT_MS = 5_000;

/** How many neighbours check a program: as many as it checks by default. */
const CALLERS = 10;

/**
 * Runs `task` every `period` milliseconds until `stop` aborts, the first time at once. Rejects as
 * soon as it fails.
 */
export async function every(
  period: number,
  stop: AbortSignal,
  task: () => Promise<unknown>,
): Promise<void> {
  let next = performance.now();
  while (!stop.aborted) {
    await task();
    next = Math.max(next + period, performance.now());
    await sleep(Math.max(0, next - performance.now()), undefined, { signal: stop }).catch(() => {});
  }
}

/**
 * Resolves when all have ended. If one fails, the others are stopped, and it rejects once they have
 * ended too.
 */
export async function together(stop: AbortController, tasks: readonly Promise<void>[]) {
  try {
    await Promise.all(tasks);
  } finally {
    stop.abort();
    await Promise.allSettled(tasks);
  }
}

/**
 * Sends each program what it gets from what does not run here: the neighbours' checks, and
 * kubelet's readiness probe.
 */
export async function visit({ probes, otherPods }: ProbedCluster): Promise<void> {
  for (const { program, url } of probes) {
    if (program.environment?.KUBENURSE_CHECK_UDP === 'true') await visitByUdp(url);
    for (const name of otherPods.slice(0, CALLERS)) {
      await send(`${url}/alwayshappy`, { 'KUBENURSE-NEIGHBOUR-ORIGIN': name });
    }
    await send(`${url}/ready`, {});
  }
}

/** Runs the sessions of all neighbours at the same time. */
async function visitByUdp(url: string): Promise<void> {
  const signal = AbortSignal.timeout(REQUEST_LIMIT_MS);
  const sessions = Array.from({ length: CALLERS }, () =>
    runSession(new URL(url).hostname, UDP_PORT, signal),
  );
  const replies = (await Promise.all(sessions)).reduce(
    (sum, session) => sum + session.replies.length,
    0,
  );
  if (replies === 0) throw new Error(`${url}: no STAMP packet was reflected`);
}

/** Requests `/metrics` as Prometheus does. */
export async function scrape(url: string): Promise<CheckCounts> {
  const response = await fetch(`${url}/metrics`, {
    headers: { accept: 'text/plain;version=0.0.4', 'accept-encoding': 'gzip' },
    signal: AbortSignal.timeout(REQUEST_LIMIT_MS),
  });
  return checkCounts(await response.text());
}

/** Sends a `GET` over a separate connection, as a check does. Rejects if the status is not 200. */
export async function send(url: string, headers: Record<string, string>): Promise<void> {
  const signal = AbortSignal.timeout(REQUEST_LIMIT_MS);
  const outgoing = request(url, { agent: false, headers, signal });
  outgoing.end();
  const [response] = await once(outgoing, 'response');
  const body = await text(response);
  if (response.statusCode !== 200) throw new Error(`${url}: ${response.statusCode} ${body}`);
}
