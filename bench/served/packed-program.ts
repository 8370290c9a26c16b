import { join } from 'node:path';
import { freePort, type ServerProcess } from '../../lab/support/server-process.ts';
import { imageEnvironment, imageFlags, ONE_CHECK } from '../support/programs.ts';
import { startNode } from './node-process.ts';

/** A program in a separate process, at this port of 127.0.0.1. */
export type Served = Readonly<{ process: ServerProcess; port: number }>;

/**
 * Starts the program that `npm run bundle` has packed (or another such file), with the image's
 * flags, and waits until it responds. It checks only itself at 127.0.0.1, unless `environment`
 * overrides that. Its command line begins with `enter`. It ends with the stack.
 */
export async function startPacked(
  stack: AsyncDisposableStack,
  file: string,
  environment: Readonly<Record<string, string>> = {},
  flags: readonly string[] = [],
  enter: readonly string[] = [],
): Promise<Served> {
  const port = Number(environment.KUBENURSE_PORT ?? (await freePort()));
  const url = `http://${environment.KUBENURSE_LISTEN_ADDRESS ?? '127.0.0.1'}:${port}`;
  return start(
    stack,
    file,
    { port, url },
    {
      ...ONE_CHECK,
      KUBENURSE_LOG_LEVEL: 'error',
      KUBENURSE_PORT: String(port),
      KUBENURSE_SERVICE_URL: url,
      ...environment,
    },
    flags,
    enter,
  );
}

/**
 * Starts `bare-server.ts` with the same flags, and over TLS as well with the program's variables in
 * `tls`; any path other than `/alwayshappy` has a body of `bodyLength` bytes.
 */
export async function startBare(
  stack: AsyncDisposableStack,
  bodyLength = 0,
  tls: Readonly<Record<string, string>> = {},
  enter: readonly string[] = [],
): Promise<Served> {
  const port = await freePort();
  const environment = { PORT: String(port), BODY: String(bodyLength), ...tls };
  const at = { port, url: `http://127.0.0.1:${port}` };
  return start(stack, join(import.meta.dirname, 'bare-server.ts'), at, environment, [], enter);
}

async function start(
  stack: AsyncDisposableStack,
  file: string,
  { port, url }: Readonly<{ port: number; url: string }>,
  environment: Readonly<Record<string, string>>,
  flags: readonly string[],
  enter: readonly string[],
): Promise<Served> {
  const args = [...imageFlags(), ...flags, file];
  const variables = { ...imageEnvironment(), ...environment };
  return { port, process: await startNode(stack, args, variables, `${url}/alwayshappy`, enter) };
}
