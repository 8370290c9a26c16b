import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, readFileSync } from 'node:fs';
import { constants as system } from 'node:os';
import { delimiter, join } from 'node:path';
import { childrenOf } from './children.ts';
import { removeGroupsAtEnd } from './hierarchies.ts';

/**
 * In the private `/run`: visible only from inside, whatever else inherits the environment. It
 * exists once everything is set up, and contains the id of the first process as seen from outside.
 */
const MARK = '/run/kubenurse-own-namespace';

/** Beside it: the name of the control groups that are removed once everything inside has ended. */
const CONTROL_GROUP = '/run/kubenurse-control-group';

/** The programs that a cluster of real parts needs, and the Debian package that contains each. */
const PROGRAMS: Readonly<Record<string, string>> = {
  unshare: 'util-linux',
  nsenter: 'util-linux',
  setpriv: 'util-linux',
  mount: 'mount',
  sysctl: 'procps',
  ip: 'iproute2',
  nft: 'nftables',
  nginx: 'nginx-light',
  dnsmasq: 'dnsmasq-base',
  faketime: 'faketime',
};

const NAMESPACES = ['--net', '--mount', '--pid', '--ipc', '--uts', '--fork'];

/**
 * The first process inside. It stays, because the first process of a PID namespace has to reap
 * orphans, and because signals that it does not handle do not end it. When `/proc` is read, it is
 * still the outer one: it shows the id of this process outside, and whether this process was
 * abandoned before the kernel was set to kill it. In that case `$1`, which started `unshare` (the
 * parent of this process), is no longer its parent. With `-n`, `mount` writes no notes into the
 * outer `/run`. Because of the trap, the exit code is the command's even after Ctrl-C.
 */
const INIT = `set -e
read -r pid name state parent rest </proc/self/stat
read -r parent name state grandparent rest <"/proc/$parent/stat"
[ "$grandparent" = "$1" ]
group=$2
shift 2
mount -n -t proc proc /proc
mount -n -t tmpfs -o mode=755 tmpfs /run
mkdir /run/netns /run/tmp
ip link set lo up
echo "$group" >${CONTROL_GROUP}
echo "$pid" >${MARK}
export TMPDIR=/run/tmp
set +e
trap : INT
"$@"
exit $?`;

const ANCESTORS_CHECK_MS = 200;

/** Why this process cannot start the cluster of real parts; undefined if it can. */
export function unavailableReason(): string | undefined {
  if (mark() !== undefined) return undefined;
  return whatIsMissing() ?? 'the cluster of real parts is started by npm run test:real only';
}

/**
 * Continues in separate namespaces: resolves if this process is in them, otherwise runs the same
 * command in them and exits with its exit code. If that is impossible, reports why on standard
 * error and exits with code 2.
 */
export async function goOnInOwnNamespace(): Promise<void> {
  if (mark() !== undefined) return;
  const missing = whatIsMissing();
  if (missing !== undefined) {
    process.stderr.write(`${missing}\n`);
    process.exit(2);
  }
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  process.exit(await runInOwnNamespace(again));
}

/**
 * The command with which root on this computer opens a shell in these namespaces; undefined if this
 * process is not inside.
 */
export function shellCommand(): string | undefined {
  const pid = mark();
  return pid && `nsenter --target ${pid} --all`;
}

/**
 * The name of the control group, below the current one in each hierarchy, that processes inside may
 * create. The process that started them has it removed in the end. Throws if this process is not
 * inside.
 */
export function controlGroup(): string {
  return readFileSync(CONTROL_GROUP, 'utf8').trim();
}

function mark(root = ''): string | undefined {
  try {
    return readFileSync(`${root}${MARK}`, 'utf8').trim();
  } catch {
    return undefined;
  }
}

function whatIsMissing(): string | undefined {
  const missing = process.platform === 'linux' ? missingOnLinux() : ['Linux'];
  if (missing.length === 0) return undefined;
  return `a cluster of real parts cannot be started here; missing: ${missing.join(', ')}`;
}

function missingOnLinux(): string[] {
  const programs = Object.entries(PROGRAMS)
    .filter(([program]) => !isThere(program))
    .map(([program, debianPackage]) => `${program} (Debian package ${debianPackage})`);
  const missing = process.getuid?.() === 0 ? programs : ['root', ...programs];
  if (missing.length > 0) return missing;
  const trial = spawnSync('unshare', [...NAMESPACES, 'true'], { encoding: 'utf8' });
  return trial.status === 0 ? [] : [`the right to make namespaces (${trial.stderr.trim()})`];
}

function isThere(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/**
 * Runs a command in new network, mount, PID, IPC and UTS namespaces, with only the loopback
 * interface and a private `/run`, which also holds its temporary files. When this process or the
 * one that started it ends, for whatever reason, the kernel ends everything inside, and its control
 * groups are removed.
 */
function runInOwnNamespace(command: readonly string[]): Promise<number> {
  const unshare = ['unshare', ...NAMESPACES, '--kill-child', '--'];
  const group = `kubenurse-${process.pid}`;
  removeGroupsAtEnd(group);
  const init = ['sh', '-c', INIT, 'sh', `${process.pid}`, group, ...command];
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...unshare, ...init], {
    stdio: 'inherit',
  });
  // Node cannot make the kernel signal its parent's death.
  const before = ancestors();
  setInterval(() => ancestors() !== before && child.kill('SIGKILL'), ANCESTORS_CHECK_MS).unref();
  return exitCode(child, () => {
    const [first = 0] = childrenOf(child.pid ?? 0);
    // Before that, its children are those that set things up.
    return mark(`/proc/${first}/root`) === `${first}` ? childrenOf(first)[0] : undefined;
  });
}

/** This process's parent, and npm, which started that shell. */
function ancestors(): string {
  const parent = process.ppid;
  if (process.env.npm_lifecycle_event === undefined) return `${parent}`;
  try {
    const [, npm] = /^\d+ \(sh\) . (\d+)/.exec(readFileSync(`/proc/${parent}/stat`, 'utf8')) ?? [];
    return `${parent} ${npm}`;
  } catch {
    return 'gone';
  }
}

/**
 * Resolves with the exit code of the child, as a shell would report it. Signals to this process are
 * passed to `heir`; while there is none, they kill the child.
 */
async function exitCode(child: ChildProcess, heir: () => number | undefined): Promise<number> {
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      const pid = heir();
      if (pid === undefined) child.kill('SIGKILL');
      else process.kill(pid, signal);
    });
  }
  // A terminal sends it to each of these processes.
  process.on('SIGINT', () => {});
  const [code, signal] = await once(child, 'exit');
  return signal === null ? code : 128 + system.signals[signal as NodeJS.Signals];
}

/** Runs its arguments as a command; without namespaces if they are unavailable. */
if (import.meta.main) {
  const command = process.argv.slice(2);
  const missing = whatIsMissing();
  if (missing === undefined) process.exit(await runInOwnNamespace(command));
  process.stderr.write(`${missing}. Tests that need it are skipped.\n`);
  const [program = '', ...args] = command;
  const child = spawn(program, args, { stdio: 'inherit' });
  process.exit(await exitCode(child, () => child.pid));
}
