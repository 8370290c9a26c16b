import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, readFileSync } from 'node:fs';
import { constants as system } from 'node:os';
import { delimiter, join } from 'node:path';
import { childrenOf } from './children.ts';
import { removeGroupsAtEnd } from './hierarchies.ts';

/**
 * In the private `/run`: only who is inside sees it, whatever else inherits our variables. It is there once all is set
 * up, and says the id of the first process as it is seen outside.
 */
const MARK = '/run/kubenurse-own-namespace';

/** Beside it: the name of the control groups that are removed when all inside has ended. */
const CONTROL_GROUP = '/run/kubenurse-control-group';

/** What a cluster of real parts is made of, and the Debian package that has it. */
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
 * The first process inside. It stays, because the first of a PID namespace has to wait for orphans, and because signals
 * that it does not handle do not end it. `/proc` is still the outer one when it is read: it says our id outside, and
 * whether we were abandoned before the kernel was set to kill this process then: `$1` started `unshare`, which is our parent. With
 * `-n`, `mount` writes no notes into the outer `/run`. By the trap, the exit code is the command's also after Ctrl-C.
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

/** Why the cluster of real parts cannot be started by this process; undefined when it can. */
export function unavailableReason(): string | undefined {
  if (mark() !== undefined) return undefined;
  return whatIsMissing() ?? 'the cluster of real parts is started by npm run test:real only';
}

/**
 * Goes on in separate namespaces: resolves when we are in them, else runs this same command in them and ends with its
 * exit code. Where that cannot be, says why on standard error and ends with exit code 2.
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

/** What root types on this computer for a shell beside us; undefined when we are not inside. */
export function shellCommand(): string | undefined {
  const pid = mark();
  return pid && `nsenter --target ${pid} --all`;
}

/**
 * The name of the control group, below our own in each hierarchy, that those inside may create: whoever started us has it
 * removed in the end. Throws when we are not inside.
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
 * Runs a command in new network, mount, PID, IPC and UTS namespaces: only the loopback interface, and a `/run` of its
 * own, where its temporary files are too. When we end, however that is, or who started us does, the kernel ends all
 * that is inside, and its control groups are removed.
 */
function runInOwnNamespace(command: readonly string[]): Promise<number> {
  const unshare = ['unshare', ...NAMESPACES, '--kill-child', '--'];
  const group = `kubenurse-${process.pid}`;
  removeGroupsAtEnd(group);
  const init = ['sh', '-c', INIT, 'sh', `${process.pid}`, group, ...command];
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...unshare, ...init], {
    stdio: 'inherit',
  });
  // Node cannot have the kernel signal the death of its parent.
  const before = ancestors();
  setInterval(() => ancestors() !== before && child.kill('SIGKILL'), ANCESTORS_CHECK_MS).unref();
  return exitCode(child, () => {
    const [first = 0] = childrenOf(child.pid ?? 0);
    // Before, its children are those that set things up.
    return mark(`/proc/${first}/root`) === `${first}` ? childrenOf(first)[0] : undefined;
  });
}

/** Our parent; and npm, between which and us there is a shell. */
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
 * Resolves with the exit code of what was started, as a shell would say it. Signals to us go to `heir`; before there is
 * one, what was started is killed.
 */
async function exitCode(child: ChildProcess, heir: () => number | undefined): Promise<number> {
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      const pid = heir();
      if (pid === undefined) child.kill('SIGKILL');
      else process.kill(pid, signal);
    });
  }
  // A terminal sends it to each of us.
  process.on('SIGINT', () => {});
  const [code, signal] = await once(child, 'exit');
  return signal === null ? code : 128 + system.signals[signal as NodeJS.Signals];
}

/** Runs its arguments as a command; without namespaces where these cannot be had. */
if (import.meta.main) {
  const command = process.argv.slice(2);
  const missing = whatIsMissing();
  if (missing === undefined) process.exit(await runInOwnNamespace(command));
  process.stderr.write(`${missing}. Tests that need it are skipped.\n`);
  const [program = '', ...args] = command;
  const child = spawn(program, args, { stdio: 'inherit' });
  process.exit(await exitCode(child, () => child.pid));
}
