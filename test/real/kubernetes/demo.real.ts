import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { hierarchies } from '../../../lab/real/hierarchies.ts';
import { run } from '../../../lab/support/command.ts';
import { until } from '../../../lab/support/until.ts';
import { describeWithPrograms } from './kubernetes-tests.ts';

const LIMIT_MS = 300_000;
const START_LIMIT_MS = 60_000;
const LEFT_LIMIT_MS = 10_000;
/** Continuing until the chart is installed would take longer. */
const STOP_LIMIT_MS = 5_000;
const ROOT = join(import.meta.dirname, '../../..');

/** What a demo could leave on a machine: one line each. */
async function traces(): Promise<string[]> {
  const groups = hierarchies().flatMap(({ own }) =>
    readdirSync(own, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => `control group ${join(own, name)}`),
  );
  const lines = async (what: string, command: readonly string[]) =>
    (await run(command)).split('\n').map((line) => `${what} ${line}`);
  return [
    ...processes(),
    ...groups,
    ...(await lines('link', ['ip', '-oneline', 'link'])),
    ...(await lines('namespace', ['ip', 'netns'])),
    ...(await lines('rule', ['nft', 'list', 'ruleset'])),
    ...readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .map((line) => `mount ${line}`),
  ];
}

/** All except this one, those that it has just started, and those that have ended. */
function processes(): string[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      const namespace = readlinkSync(`/proc/${pid}/ns/pid`);
      return command === '' ? [] : [`process ${pid} ${namespace} ${command}`];
    } catch {
      return [];
    }
  });
}

/**
 * Starts a demo with one node, in separate namespaces. Otherwise it would continue in those of this
 * test.
 */
function startDemo(...options: string[]) {
  const demo = [join(ROOT, 'lab/demo/demo.ts'), '--kubernetes', '--nodes', '1', ...options];
  const args = [join(ROOT, 'lab/real/own-namespace.ts'), process.execPath, ...demo];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  const untilSays = (text: string) =>
    until(`the demo says "${text}"`, START_LIMIT_MS, () => {
      expect(child.exitCode, lines.join('\n')).toBeNull();
      return lines.some((line) => line.startsWith(text));
    });
  return { child, untilSays };
}

async function untilNothingIsLeft(before: ReadonlySet<string>): Promise<void> {
  let left: string[] = [];
  await until('nothing is left', LEFT_LIMIT_MS, async () => {
    left = (await traces()).filter((trace) => !before.has(trace));
    return left.length === 0;
  }).catch((error) => {
    throw new Error(`${error.message}:\n${left.join('\n')}`, { cause: error });
  });
}

describeWithPrograms('npm run demo -- --kubernetes', () => {
  test(
    'ends at once when it is stopped while it starts, and leaves nothing',
    async () => {
      const before = new Set(await traces());
      const { child, untilSays } = startDemo();
      await untilSays('starting Kubernetes');
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      const start = performance.now();
      await exit;
      expect(performance.now() - start).toBeLessThan(STOP_LIMIT_MS);
      await untilNothingIsLeft(before);
    },
    LIMIT_MS,
  );

  test(
    'heals what was broken, and leaves no process, mount, control group, link or rule when it is killed',
    async () => {
      const before = new Set(await traces());
      const { child, untilSays } = startDemo('--break', 'dns:slow');
      await untilSays('broken: dns:slow');
      const during = (await traces()).filter((trace) => !before.has(trace)).join('\n');
      expect(during).toContain('kubelet');
      expect(during).toContain('control group');
      const mistakes = 'break node-1 off\nbreak node-1:away\n';
      child.stdin.write(`heal all\nheal all\n${mistakes}break node-1:kubelet\n`);
      await untilSays('healed: dns:slow');
      await untilSays('nothing is broken');
      await untilSays('expected a part and a fault');
      await untilSays('break node-1:away failed: unknown fault "node-1:away"');
      await untilSays('broken: node-1:kubelet');
      child.kill('SIGKILL');
      await untilNothingIsLeft(before);
    },
    LIMIT_MS,
  );
});
