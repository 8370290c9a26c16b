import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { OwnedProcess } from '../../lab/support/owned-process.ts';
import { freePort } from '../../lab/support/server-process.ts';
import { type MeasuredProgram, ONE_CHECK } from '../support/programs.ts';
import { usageOf } from '../support/usage.ts';

/** Interval of requests, and their limit, in milliseconds. */
const POLL_MS = 2;
const LIMIT_MS = 30_000;

/** Memory in bytes. */
export type FirstResponse = Readonly<{ milliseconds: number; rss: number; rssAnon: number }>;

/**
 * Starts a program that checks only itself, waits until it responds, and reads its memory once it
 * has been idle for `idleMs`.
 */
export async function firstResponse(
  { name, command, args, environment: own }: MeasuredProgram,
  idleMs: number,
): Promise<FirstResponse> {
  const port = String(await freePort());
  const url = `http://127.0.0.1:${port}`;
  const environment = { ...own, ...ONE_CHECK, KUBENURSE_PORT: port, KUBENURSE_SERVICE_URL: url };
  const begin = performance.now();
  const started = new OwnedProcess([command, ...args], environment, (...outputs) => {
    for (const output of outputs) output.resume();
  });
  try {
    while (!(await responds(`${url}/alwayshappy`))) {
      if (started.end !== undefined) throw new Error(`${name} ${started.end}`);
      if (performance.now() - begin > LIMIT_MS) throw new Error(`${name} does not respond`);
      await sleep(POLL_MS);
    }
    const milliseconds = performance.now() - begin;
    await sleep(idleMs);
    const { rss, rssAnon } = usageOf(started.pid ?? 0);
    return { milliseconds, rss, rssAnon };
  } finally {
    await started.stop();
  }
}

function responds(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    get(url, { agent: false, timeout: LIMIT_MS }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    }).on('error', () => resolve(false));
  });
}
