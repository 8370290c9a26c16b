import { join } from 'node:path';
import { freePort } from '../../lab/support/server-process.ts';
import { checkCounts } from '../footprint/check-counts.ts';
import { every, send, together } from '../footprint/visitors.ts';
import { startNode } from '../served/node-process.ts';
import { type Served, startPacked } from '../served/packed-program.ts';
import { imageEnvironment, imageFlags } from '../support/programs.ts';
import type { Targets } from './targets.ts';

/** The program's source, for what cannot be measured in the packed program. */
export const SOURCE = join(import.meta.dirname, '../../src/main.ts');

const CALLERS = 10;
const REQUEST_LIMIT_MS = 5_000;

/** Prometheus prefers OpenMetrics by default. */
const PROMETHEUS_ACCEPT =
  'application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5';

/** Milliseconds. */
export type Times = Readonly<{ interval: number; warmUp: number; lasts: number; scrapes: number }>;

/** A program, and how many checks it has made. */
export type Measured = Served & Readonly<{ checks: () => Promise<number> }>;

export async function startKubenurse(
  stack: AsyncDisposableStack,
  file: string,
  { environment }: Targets,
  { interval }: Times,
  flags: readonly string[] = [],
  own: Readonly<Record<string, string>> = {},
): Promise<Measured> {
  const variables = { ...environment, ...own, KUBENURSE_CHECK_INTERVAL: `${interval}ms` };
  const served = await startPacked(stack, file, variables, flags);
  return { ...served, checks: async () => checkCounts(await get(served, '/metrics')).made };
}

export async function startBare(
  stack: AsyncDisposableStack,
  { urls, authority }: Targets,
  { interval }: Times,
): Promise<Measured> {
  const port = await freePort();
  const environment = {
    ...imageEnvironment(),
    PORT: String(port),
    URLS: urls.join(','),
    AUTHORITY: authority,
    INTERVAL: String(interval),
  };
  const args = [...imageFlags(), join(import.meta.dirname, 'bare-probe.ts')];
  const process = await startNode(stack, args, environment, `http://127.0.0.1:${port}/`);
  const served = { process, port };
  return { ...served, checks: async () => Number(await get(served, '/')) };
}

/**
 * Runs `measuring` while callers request each program as Prometheus does, and as neighbours do: one
 * after another, evenly over the interval.
 */
export async function during(
  programs: readonly Measured[],
  { interval, scrapes }: Times,
  measuring: () => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  let calls = 0;
  await together(stop, [
    measuring().then(() => stop.abort()),
    every(interval / CALLERS, stop.signal, async () => {
      const headers = { 'KUBENURSE-NEIGHBOUR-ORIGIN': `neighbour-${calls++ % CALLERS}` };
      for (const { port } of programs) await send(`http://127.0.0.1:${port}/alwayshappy`, headers);
    }),
    every(scrapes, stop.signal, async () => {
      for (const program of programs) await program.checks();
    }),
  ]);
}

async function get({ port }: Served, path: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    headers: { accept: PROMETHEUS_ACCEPT, connection: 'close' },
    signal: AbortSignal.timeout(REQUEST_LIMIT_MS),
  });
  return response.text();
}
