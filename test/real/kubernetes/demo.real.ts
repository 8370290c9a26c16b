import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { hierarchies } from '../../../lab/real/hierarchies.ts';
import { run } from '../../../lab/support/command.ts';
import { until } from '../../../lab/support/until.ts';
import { describeWithPrograms } from './kubernetes-tests.ts';

const LIMIT_MS = 300_000;
const LEFT_LIMIT_MS = 10_000;
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

/** All but this one, those that it started just now, and those that have ended. */
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

describeWithPrograms('npm run demo -- --kubernetes', () => {
  test(
    'leaves no process, mount, control group, link or rule when it is killed',
    async () => {
      const before = new Set(await traces());
      const demo = [join(ROOT, 'lab/demo/demo.ts'), '--kubernetes', '--nodes', '1'];
      // It would go on in the namespaces that this test is in.
      const again = [join(ROOT, 'lab/real/own-namespace.ts'), process.execPath, ...demo];
      const args = [...again, '--break', 'dns:slow'];
      const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
      onTestFinished(() => void child.kill('SIGKILL'));
      const lines: string[] = [];
      createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
      await until('the demo has started, and is broken', 60_000, () => {
        expect(child.exitCode, lines.join('\n')).toBeNull();
        return lines.includes('broken: dns:slow');
      });
      const during = (await traces()).filter((trace) => !before.has(trace)).join('\n');
      expect(during).toContain('kubelet');
      expect(during).toContain('control group');
      child.kill('SIGKILL');
      let left: string[] = [];
      await until('nothing is left', LEFT_LIMIT_MS, async () => {
        left = (await traces()).filter((trace) => !before.has(trace));
        return left.length === 0;
      }).catch((error) => {
        throw new Error(`${error.message}:\n${left.join('\n')}`, { cause: error });
      });
    },
    LIMIT_MS,
  );
});
