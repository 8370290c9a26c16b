import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { ImageConfig } from '../../lab/images/buildah.ts';
import { Lines } from '../../lab/support/program.ts';

/**
 * As a container runtime does for a *restricted* pod: the files are read-only, and the user cannot
 * become another.
 */
const ENTER = `set -e
root=$1 user=$2
shift 2
mount -n --bind "$root" "$root"
mount -n -t proc proc "$root/proc"
mount -n -o remount,bind,ro "$root"
exec setpriv --no-new-privs chroot --userspec="$user" --groups= "$root" "$@"`;

/**
 * Starts the command of the image's settings, in its files under `root`, with these arguments and
 * variables. It is killed when the stack is disposed of, if it has not ended.
 */
export function startImage(
  stack: AsyncDisposableStack,
  root: string,
  { config }: ImageConfig,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
) {
  const entrypoint = [...config.Entrypoint, ...(config.Cmd ?? []), ...args];
  const child = spawn(
    'unshare',
    ['--mount', 'sh', '-c', ENTER, 'sh', root, config.User, ...entrypoint],
    { env: { PATH: process.env.PATH, ...env }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const closed = once(child, 'close').then(([code]) => code as number | null);
  const output = new Lines();
  output.follow(child.stdout);
  output.follow(child.stderr);
  stack.defer(async () => {
    child.kill('SIGKILL');
    await closed;
  });
  return { child, output, closed };
}
