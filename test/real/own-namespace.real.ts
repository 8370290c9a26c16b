import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, onTestFinished, test } from 'vitest';
import { childrenOf } from '../../lab/real/children.ts';
import { hierarchies } from '../../lab/real/hierarchies.ts';
import { unavailableReason } from '../../lab/real/own-namespace.ts';
import { run } from '../../lab/support/command.ts';
import { until } from '../../lab/support/until.ts';

const OWN_NAMESPACE = join(import.meta.dirname, '../../lab/real/own-namespace.ts');

type Ended = Readonly<{ code: number | null; stdout: string; stderr: string }>;

/** Starts it as the leader of a process group, as a shell does with a terminal's commands. */
function start(commandLine: readonly string[], environment = process.env): ChildProcess {
  const [command = '', ...args] = commandLine;
  const child = spawn(command, args, { stdio: 'pipe', detached: true, env: environment });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function ended(child: ChildProcess): Promise<Ended> {
  const [[code], stdout, stderr] = await Promise.all([
    once(child, 'close'),
    child.stdout ? text(child.stdout) : '',
    child.stderr ? text(child.stderr) : '',
  ]);
  return { code, stdout, stderr };
}

const inOwnNamespace = (...command: string[]) => [process.execPath, OWN_NAMESPACE, ...command];
const inside = (...command: string[]) => ended(start(inOwnNamespace(...command)));
const node = (script: string) => [process.execPath, '-e', script];

/** Resolves when it has written this. */
async function hasWritten(child: ChildProcess, expected: string): Promise<void> {
  let written = '';
  child.stdout?.on('data', (bytes) => {
    written += bytes;
  });
  await until(`"${expected}" is written`, 5_000, () => written.includes(expected));
}

function descendantsOf(pid: number): number[] {
  return childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)]);
}

/**
 * Runs a command in a network and a `/run` that no other test uses, and without the variable that
 * marks the inner process.
 */
const ELSEWHERE = [
  'unshare',
  '--net',
  '--mount',
  'sh',
  '-c',
  'mount -t tmpfs tmpfs /run && exec "$@"',
  'sh',
];

/** Everything that could be left behind where `enter` leads to. */
function whatThereIs(enter: readonly string[]): Promise<string> {
  const commands = ['ip -oneline link', 'ip netns', 'nft list ruleset', 'cat /proc/mounts'];
  return run([...enter, 'sh', '-c', [...commands, 'ls -R /run'].join(' && ')]);
}

/** Leaves behind everything that a namespace can leave, and two processes. */
const LITTER = `ip netns add litter; ip link add br-litter type bridge; nft add table inet litter
  mount -t tmpfs tmpfs /mnt; echo x >/run/litter; echo x >$TMPDIR/litter
  setsid sleep 1000 & echo littered; sleep 1000`;

describe.skipIf(unavailableReason())('own-namespace', () => {
  test('own-namespace passes the exit code on', async () => {
    expect(await inside('sh', '-c', 'exit 7')).toMatchObject({ code: 7 });
    expect(await inside('sh', '-c', 'kill -KILL $$')).toMatchObject({ code: 137 });
  });

  test('own-namespace gives a loopback interface, a /proc, and a /run with the temporary files', async () => {
    const { stdout } = await inside(
      'sh',
      '-c',
      'ip -oneline address; ls -1 /run; echo $TMPDIR; stat -fc %T /run; readlink /proc/self; cat /proc/1/comm',
    );
    const [ipv4, ipv6, ...rest] = stdout.trim().split('\n');
    expect(ipv4).toContain('lo    inet 127.0.0.1/8');
    expect(ipv6).toContain('lo    inet6 ::1/128');
    expect(rest).toEqual([
      'kubenurse-control-group',
      'kubenurse-own-namespace',
      'netns',
      'tmp',
      '/run/tmp',
      'tmpfs',
      expect.stringMatching(/^\d{1,2}$/),
      'sh',
    ]);
  });

  test('own-namespace leaves nothing outside, while it runs and when it is killed', async () => {
    const outside = start([...ELSEWHERE, 'sh', '-c', 'echo ready; exec sleep 1000']);
    await hasWritten(outside, 'ready');
    const enter = ['nsenter', '--target', `${outside.pid}`, '--net', '--mount', '--'];
    const before = await whatThereIs(enter);
    const child = start([...enter, ...inOwnNamespace('sh', '-c', LITTER)]);
    await hasWritten(child, 'littered');
    expect(await whatThereIs(enter)).toBe(before);
    const processes = descendantsOf(child.pid ?? 0);
    expect(processes.length).toBeGreaterThanOrEqual(5);

    child.kill('SIGKILL');
    await until('all of them are gone', 5_000, () => !processes.some(exists));
    expect(await whatThereIs(enter)).toBe(before);
  });

  test('own-namespace ends when its parent is killed, or npm above a shell', async () => {
    const shell = ['sh', '-c', '"$@"; :', 'sh'];
    const command = inOwnNamespace('sh', '-c', LITTER);
    const npm = { ...process.env, npm_lifecycle_event: 'test:real' };
    for (const parent of [
      start([...shell, ...command]),
      start([...shell, ...shell, ...command], npm),
    ]) {
      await hasWritten(parent, 'littered');
      const processes = descendantsOf(parent.pid ?? 0);
      parent.kill('SIGKILL');
      await until('all of them are gone', 5_000, () => !processes.some(exists));
    }
  });

  test.skipIf(hierarchies().length === 0)(
    'own-namespace removes its control groups when it is killed',
    async () => {
      const groups = hierarchies().map(({ own }) => `${own}/$(cat /run/kubenurse-control-group)`);
      const script = `for group in ${groups.join(' ')}; do mkdir -p "$group/pods/a"; echo "made $group"; done
        sleep 1000 & echo $! >"$group/pods/a/cgroup.procs"; echo littered; sleep 1000`;
      const child = start(inOwnNamespace('sh', '-c', script));
      let output = '';
      child.stdout?.on('data', (bytes) => {
        output += bytes;
      });
      await hasWritten(child, 'littered');
      const made = [...output.matchAll(/^made (.*)$/gm)].map(([, group = '']) => group);
      expect(made.filter((group) => existsSync(group))).toHaveLength(groups.length);
      child.kill('SIGKILL');
      await until('all of them are removed', 5_000, () => !made.some((group) => existsSync(group)));
    },
  );

  test.each(['SIGTERM', 'SIGHUP'] as const)('own-namespace passes %s on', async (signal) => {
    const command = node(`process.on('${signal}', () => process.exit(5)); console.log('ready');
      setInterval(() => {}, 1000)`);
    const child = start(inOwnNamespace(...command));
    const end = ended(child);
    await hasWritten(child, 'ready');
    child.kill(signal);
    expect(await end).toMatchObject({ code: 5 });
  });

  test('own-namespace is also ended by a signal before there is a command', async () => {
    const child = start(inOwnNamespace('sleep', '1000'));
    const end = ended(child);
    await until('it has a child', 5_000, () => childrenOf(child.pid ?? 0).length > 0);
    child.kill('SIGTERM');
    expect((await end).code).not.toBe(0);
  });

  test('own-namespace waits for orphans', async () => {
    const script = `const { execSync } = require('node:child_process');
      const { existsSync } = require('node:fs');
      const orphan = String(execSync('sleep 0.05 >/dev/null 2>&1 & echo $!')).trim();
      const look = () => existsSync('/proc/' + orphan) ? setTimeout(look, 10) : console.log('gone');
      look();`;
    expect(await inside('timeout', '5', ...node(script))).toMatchObject({ stdout: 'gone\n' });
  });

  test('own-namespace leaves the terminal to the command: keys reach it, Ctrl-C once', async () => {
    const command = node(`process.stdin.on('data', (line) => console.log('read ' + line));
      process.on('SIGINT', () => { console.log('interrupted'); setTimeout(process.exit, 300, 6); });
      console.log('ready ' + process.stdin.isTTY)`);
    const words = inOwnNamespace(...command).map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
    // A shell in between would be interrupted, too.
    const shellLine = `exec ${words.join(' ')}`;
    const child = start(['script', '--quiet', '--return', '--command', shellLine, '/dev/null']);
    const end = ended(child);
    await hasWritten(child, 'ready true');
    child.stdin?.write('hello\n');
    await hasWritten(child, 'read hello');
    child.stdin?.write('\x03');
    const { code, stdout } = await end;
    expect(code).toBe(6);
    expect(stdout.match(/interrupted/g)).toHaveLength(1);
  });
});

const NOTHING_THERE = { PATH: '/nonexistent' };

test('own-namespace runs the command without namespaces when a program is missing, and reports that', async () => {
  const command = inOwnNamespace(...node(`console.log('ran'); process.exitCode = 3`));
  const { code, stdout, stderr } = await ended(start(command, NOTHING_THERE));
  expect({ code, stdout }).toEqual({ code: 3, stdout: 'ran\n' });
  expect(stderr).toMatch(/^a cluster of real parts cannot be started here; missing: .*\n$/);
  expect(stderr).toContain('nft (Debian package nftables), nginx (Debian package nginx-light)');
  expect(stderr).toContain('Tests that need it are skipped.');
});

const goOn = node(`import(${JSON.stringify(OWN_NAMESPACE)}).then(async (own) => {
  await own.goOnInOwnNamespace();
  console.log(String(own.unavailableReason()), own.shellCommand(), process.argv[1]);
})`);

test.skipIf(unavailableReason())(
  'goOnInOwnNamespace() runs the same command again inside',
  async () => {
    const { code, stdout } = await ended(start([...ELSEWHERE, ...goOn, 'argument']));
    expect(stdout).toMatch(/^undefined nsenter --target \d+ --all argument\n$/);
    expect(code).toBe(0);
  },
);

test.skipIf(unavailableReason())(
  'goOnInOwnNamespace() fails when a program is missing',
  async () => {
    const command = [...ELSEWHERE, 'env', 'PATH=/nonexistent', ...goOn];
    const { code, stdout, stderr } = await ended(start(command));
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^a cluster of real parts cannot be started here; missing: .*nft/);
  },
);

function exists(pid: number): boolean {
  return existsSync(`/proc/${pid}`);
}
