import { join } from 'node:path';
import { freePort, type ServerProcess } from '../../lab/support/server-process.ts';
import { imageFlags, ONE_CHECK } from '../support/programs.ts';
import { startNode } from './node-process.ts';

/** A program in a separate process, at this port of 127.0.0.1. */
export type Served = Readonly<{ process: ServerProcess; port: number }>;

/**
 * Starts the program that `npm run bundle` has packed (or another such file), by the image's flags, and waits until it
 * answers. It checks itself alone, unless these variables add targets. Ends with the stack.
 */
export async function startPacked(
  stack: AsyncDisposableStack,
  file: string,
  environment: Readonly<Record<string, string>> = {},
  flags: readonly string[] = [],
): Promise<Served> {
  const port = Number(environment.KUBENURSE_PORT ?? (await freePort()));
  const url = `http://127.0.0.1:${port}`;
  return start(
    stack,
    file,
    port,
    {
      ...ONE_CHECK,
      KUBENURSE_LOG_LEVEL: 'error',
      KUBENURSE_PORT: String(port),
      KUBENURSE_SERVICE_URL: url,
      ...environment,
    },
    flags,
  );
}

/** Starts a server of this folder with the same flags; the variable `PORT` sets where it listens. */
export async function startBare(stack: AsyncDisposableStack, name: string): Promise<Served> {
  const port = await freePort();
  return start(stack, join(import.meta.dirname, name), port, { PORT: String(port) });
}

async function start(
  stack: AsyncDisposableStack,
  file: string,
  port: number,
  environment: Readonly<Record<string, string>>,
  flags: readonly string[] = [],
): Promise<Served> {
  const args = [...imageFlags(), ...flags, file];
  const url = `http://127.0.0.1:${port}/alwayshappy`;
  return { port, process: await startNode(stack, args, environment, url) };
}
