import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** A hierarchy of control groups of version 1. */
export type Hierarchy = Readonly<{
  /** The option it is mounted with: its controllers, or its name. */
  option: string;
  /** The path of this process's group. */
  own: string;
}>;

/**
 * Waits until the process that started it has ended, for whatever reason, then removes the groups
 * once no process is left in them.
 */
const REMOVE_LATER = `read -r never
turn=0
while [ "$turn" -lt 100 ]; do
  left=
  for group; do
    [ -d "$group" ] || continue
    left=1
    find "$group" -depth -type d -exec rmdir {} \\;
  done
  [ -n "$left" ] || exit 0
  turn=$((turn + 1))
  sleep 0.1
done`;

/** All hierarchies; none if there is only version 2. */
export function hierarchies(): Hierarchy[] {
  const mounts = mountsOf(readFileSync('/proc/self/mountinfo', 'utf8'));
  const lines = readFileSync('/proc/self/cgroup', 'utf8').trim().split('\n');
  return lines.flatMap((line) => {
    const [, option = '', path = ''] = /^\d+:([^:]+):(.*)$/.exec(line) ?? [];
    const mount = mounts.find(({ options }) => option !== '' && options.has(option));
    return mount ? [{ option, own: join(mount.at, relative(mount.root, path)) }] : [];
  });
}

/**
 * Has all groups of this name, below this process's own groups, removed once this process has
 * ended: unlike a process or a mount, a group does not end with its namespace. Does nothing if
 * there is no hierarchy.
 */
export function removeGroupsAtEnd(name: string): void {
  const groups = hierarchies().map(({ own }) => join(own, name));
  if (groups.length === 0) return;
  const remover = spawn('sh', ['-c', REMOVE_LATER, 'sh', ...groups], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // The kernel closes this pipe when this process ends, because nobody else has it.
  remover.on('error', () => {}).unref();
  (remover.stdin as unknown as { unref(): void }).unref();
}

type Mount = Readonly<{ at: string; root: string; options: ReadonlySet<string> }>;

/** Fields: proc_pid_mountinfo(5). */
function mountsOf(mountinfo: string): Mount[] {
  return mountinfo.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const [, , , root = '', at = ''] = before.split(' ');
    const [type, , options = ''] = after.split(' ');
    if (type !== 'cgroup') return [];
    return [{ at, root, options: controllersOf(options) }];
  });
}

/** As in /proc/self/cgroup, without any other mount options: `cpu,cpuacct`, `name=systemd`. */
function controllersOf(options: string): Set<string> {
  const words = options.split(',').filter((word) => !['rw', 'ro', 'none', 'xattr'].includes(word));
  const named = words.filter((word) => word.startsWith('name='));
  const controllers = words.filter((word) => !/=|clone_children/.test(word));
  return new Set([...named, controllers.join(',')]);
}
