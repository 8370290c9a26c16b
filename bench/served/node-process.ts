import { tied, withoutCapabilities } from '../../lab/support/owned-process.ts';
import { respondsWith200, ServerProcess } from '../../lab/support/server-process.ts';

/**
 * Starts Node in a separate process, and waits until `url`, if there is one, responds with 200. Its
 * command line begins with `enter`. It ends with the stack.
 */
export function startNode(
  stack: AsyncDisposableStack,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  url: string | undefined,
  enter: readonly string[] = [],
): Promise<ServerProcess> {
  return startProcess(stack, [process.execPath, ...args], environment, url, enter);
}

/** Starts any program in the same way, without capabilities. */
export async function startProcess(
  stack: AsyncDisposableStack,
  [program = '', ...args]: readonly string[],
  environment: Readonly<Record<string, string>>,
  url: string | undefined,
  enter: readonly string[] = [],
): Promise<ServerProcess> {
  const server = await ServerProcess.start(program, args, {
    environment,
    enter: [...enter, ...withoutCapabilities(tied([]))],
    ready: () => url === undefined || respondsWith200(url),
  });
  stack.defer(() => server.stop());
  return server;
}
