import { existsSync } from 'node:fs';
import { respondsWith200, ServerProcess } from '../../lab/support/server-process.ts';

/** util-linux; has the kernel kill the program when this process dies without a chance to do so. As in a pod, it has no capabilities. */
const SETPRIV = '/usr/bin/setpriv';
const NO_CAPABILITIES =
  process.getuid?.() === 0 ? ['--bounding-set', '-all', '--inh-caps', '-all'] : [];

/** Starts Node in a separate process, and waits until this URL, if there is one, responds with 200. Its command line begins with `enter`. It ends with the stack. */
export function startNode(
  stack: AsyncDisposableStack,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
  url: string | undefined,
  enter: readonly string[] = [],
): Promise<ServerProcess> {
  return startProcess(stack, [process.execPath, ...args], environment, url, enter);
}

/** Starts any program likewise. */
export async function startProcess(
  stack: AsyncDisposableStack,
  [program = '', ...args]: readonly string[],
  environment: Readonly<Record<string, string>>,
  url: string | undefined,
  enter: readonly string[] = [],
): Promise<ServerProcess> {
  const server = await ServerProcess.start(program, args, {
    environment,
    enter: [
      ...enter,
      ...(existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig', 'KILL', ...NO_CAPABILITIES] : []),
    ],
    ready: () => url === undefined || respondsWith200(url),
  });
  stack.defer(() => server.stop());
  return server;
}
