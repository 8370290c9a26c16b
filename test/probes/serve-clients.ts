import { expect } from 'vitest';
import type { Outcome } from '../../src/model.ts';
import type { CheckClocks } from '../../src/probes/check-clock.ts';

/** For how long the program serves its clients, and how long each takes, in milliseconds. */
export const SERVING_MS = 300;
export const CLIENT_MS = 3;

/** How many of them may arrive at once. */
export const AT_ONCE = 15;

/** When a slow server responds, in milliseconds: while clients are served. */
export const SLOW_MS = 150;

/** Keeps the processor busy. */
export function busyFor(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

/** Calls `begin`, and right after it `serve`. Returns the duration of the check in milliseconds. */
export async function durationOf(begin: () => Promise<Outcome>, serve: () => Promise<void>) {
  const outcome = begin();
  await new Promise(setImmediate);
  await serve();
  const { kind, duration = Number.NaN } = (await outcome) as { kind: string; duration?: number };
  expect(kind).toBe('ok');
  return duration * 1000;
}

/** Serves one client after another: all at once, or some in each turn of the event loop. */
export async function serveClients(
  clocks: CheckClocks,
  atOnce = SERVING_MS / CLIENT_MS,
): Promise<void> {
  for (let served = 0; served < SERVING_MS / CLIENT_MS; served += atOnce) {
    for (let i = 0; i < atOnce; i += 1) clocks.whileServing(() => busyFor(CLIENT_MS));
    await new Promise(setImmediate);
  }
}

/**
 * Serves clients in a turn of the event loop for each step of a check over a new connection
 * (connection, handshake, response), and in one more.
 */
export async function serveInEachStep(clocks: CheckClocks): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await serveClients(clocks);
}
