import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const BESIDE = ['Dockerfile', 'deploy', 'exporters', 'lab', 'node_modules', 'package.json', 'src'];

/** A copy of the project without `dist/`. */
let copy = '';

beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), 'kubenurse-bench-'));
  await cp(join(ROOT, 'bench'), join(copy, 'bench'), { recursive: true });
  for (const each of BESIDE) await symlink(join(ROOT, each), join(copy, each));
});

afterAll(() => rm(copy, { recursive: true }));

type Ended = Readonly<{ exitCode: number | null; stdout: string; stderr: string }>;

/** Runs `npm run bench -- …` in this folder. A benchmark that started would run for minutes. */
function bench(args: readonly string[], cwd = ROOT): Promise<Ended> {
  return new Promise((resolve) => {
    const command = [join(cwd, 'bench/bench.ts'), ...args];
    const options = { cwd, timeout: 60_000 };
    const child = execFile(process.execPath, command, options, (_, stdout, stderr) =>
      resolve({ exitCode: child.exitCode, stdout, stderr }),
    );
  });
}

const refusal = (reason: string): Ended => ({
  exitCode: 2,
  stdout: '',
  stderr: `${reason}\nSee: npm run bench\n`,
});

test.concurrent.each([
  ...['all', 'served', 'fidelity', 'cpu', 'cluster', 'footprint', 'dns', 'scale', 'start'],
  'growth',
])('%s does not start without the packed program', async (name) => {
  expect(await bench([name, '--short'], copy)).toEqual(
    refusal('no dist/kubenurse.cjs: run npm run bundle first'),
  );
});

test('no benchmark measures a packed program that is older than its sources', async () => {
  const dist = join(copy, 'dist');
  const file = join(dist, 'kubenurse.cjs');
  await mkdir(dist);
  await writeFile(file, '');
  await utimes(file, 0, 0);
  for (const name of ['served', 'growth']) {
    const { exitCode, stderr } = await bench([name, '--short'], copy);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(
      /^(src|exporters)\/.+ is newer than dist\/kubenurse.cjs: run npm run bundle first\n/,
    );
  }
  await rm(dist, { recursive: true });
});

test.concurrent('a file in --programs must exist', async () => {
  expect(await bench(['dns', '--programs', 'package.json,missing.cjs'])).toEqual(
    refusal('no missing.cjs: run npm run bundle first'),
  );
});

test.concurrent('an unexpected value is refused before anything starts', async () => {
  expect(await bench(['footprint', '--neighbours=abc'])).toEqual(
    refusal('--neighbours abc: expected a whole number from 1 to 254'),
  );
});

test.concurrent('unknown options and benchmarks are refused', async () => {
  const [option, benchmark] = await Promise.all([
    bench(['scrape', '--fast']),
    bench(['constructor']),
  ]);
  expect(option).toMatchObject({ exitCode: 2, stdout: '' });
  expect(option.stderr).toMatch(/^Unknown option '--fast'/);
  expect(benchmark).toEqual(refusal('unknown benchmark "constructor"'));
});

test.concurrent('help lists the benchmarks, and the options of one of them', async () => {
  const [all, one] = await Promise.all([bench([]), bench(['growth', '--help'])]);
  expect(all).toMatchObject({ exitCode: 0, stderr: '' });
  expect(all.stdout).toMatch(/^ {2}growth +whether memory grows/m);
  expect(one).toMatchObject({ exitCode: 0, stderr: '' });
  expect(one.stdout).toContain('\n  --minutes: a number from 0.1 to 1440; default: 20\n');
});
