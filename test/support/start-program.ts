import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterAll } from 'vitest';
import { COMPILE_CACHE } from '../../lab/support/compile-cache.ts';
import { tied } from '../../lab/support/owned-process.ts';
import { Lines } from '../../lab/support/program.ts';
import { until } from '../../lab/support/until.ts';
import { PROGRAM } from './program-file.ts';

/** Switches off every check but one, so that the program requires nothing else. */
export const ENOUGH = {
  KUBENURSE_CHECK_API_SERVER_DIRECT: 'false',
  KUBENURSE_CHECK_API_SERVER_DNS: 'false',
  KUBENURSE_CHECK_ME_INGRESS: 'false',
  KUBENURSE_CHECK_NEIGHBOURHOOD: 'false',
  KUBENURSE_LISTEN_ADDRESS: '127.0.0.1',
  POD_NAME: 'kubenurse-test',
};

/** What is closed when the tests of the file have finished. */
// Not onTestFinished(): the tests run concurrently.
export const opened = new DisposableStack();
afterAll(() => opened.dispose());
// If the run is aborted (--bail), afterAll() is not called.
process.on('exit', () => opened.dispose());

/** Starts the program, and kills it when the tests of the file have finished, if it still runs. */
export function startProgram(
  env: Record<string, string>,
  args: readonly string[] = [],
  nodeArgs: string[] = [],
) {
  const [command = '', ...rest] = tied([process.execPath, ...nodeArgs, PROGRAM, ...args]);
  const child = spawn(command, rest, {
    env: { PATH: process.env.PATH, ...COMPILE_CACHE, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  opened.defer(() => child.kill('SIGKILL'));
  const stdout = new Lines();
  const stderr = new Lines();
  stdout.follow(child.stdout);
  stderr.follow(child.stderr);
  const closed = once(child, 'close').then(([code]) => code as number | null);
  return { child, stdout, stderr, closed };
}

/** A port that was free just now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** Starts the program, and waits until it listens at `url`. */
export async function startListening(env: Record<string, string> = {}, nodeArgs: string[] = []) {
  const port = await freePort();
  const program = startProgram(
    {
      ...ENOUGH,
      KUBENURSE_PORT: String(port),
      KUBENURSE_SERVICE_URL: `http://127.0.0.1:${port}`,
      ...env,
    },
    [],
    nodeArgs,
  );
  await until('the program listens', 10_000, () =>
    program.stdout.all.some((line) => line.includes('is listening')),
  );
  return { ...program, url: `http://127.0.0.1:${port}` };
}
