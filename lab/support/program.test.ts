import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { continueAll, pauseAll } from './owned-process.ts';
import { Lines, Program } from './program.ts';
import { until } from './until.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'kubenurse-test-'));
});
afterEach(() => rm(directory, { recursive: true }));

async function start(source: string, environment: Record<string, string> = {}) {
  const file = join(directory, 'program.mjs');
  await writeFile(file, source);
  const [stdout, stderr] = [new Lines(), new Lines()];
  return { stdout, stderr, program: new Program(file, environment, { stdout, stderr }) };
}

/** Whether there is such a process, and it has not ended (Linux). */
function runs(pid: number): boolean {
  const stat = `/proc/${pid}/stat`;
  return existsSync(stat) && !/\) Z/.test(readFileSync(stat, 'utf8'));
}

test('Lines keeps the last 1,000 lines, cuts endless ones, and reports each once', () => {
  const lines = new Lines();
  const reported: string[] = [];
  const stop = lines.listen((line) => reported.push(line));
  const stream = new PassThrough();
  lines.follow(stream);

  stream.write('one\ntw');
  stream.write('o\n');
  expect(lines.all).toEqual(['one', 'two']);
  stop();
  stream.write('x'.repeat(70_000));
  expect(lines.all.at(-1)).toHaveLength(70_000);
  stream.write('y\n'.repeat(1_500));
  expect(lines.all).toHaveLength(1_000);
  expect(reported).toEqual(['one', 'two']);
});

test('Program hands over what is written to both outputs, and how it ended', async () => {
  const { program, stdout, stderr } = await start(
    `console.log('out', Object.keys(process.env).sort().join()); process.stderr.write('err'); process.exit(4);`,
    { SETTING: 'a' },
  );
  expect(program.end).toBeUndefined();

  await program.ended;
  expect(program.end).toBe('ended with exit code 4');
  expect(stdout.all).toEqual(['out NODE_COMPILE_CACHE,PATH,SETTING']);
  expect(stderr.all).toEqual(['err']);
});

test('Program.stop() ends it by SIGTERM, also when it is suspended', async () => {
  const { program, stdout } = await start(
    `process.on('SIGTERM', () => process.exit(0)); setInterval(() => {}, 1e6); console.log('ready');`,
  );
  await until('it runs', 5_000, () => stdout.all.length > 0);
  program.signal('SIGSTOP');

  await program.stop();
  expect(program.end).toBe('ended with exit code 0');
});

test.skipIf(process.platform !== 'linux')(
  'pauseAll() and continueAll() stop and continue programs, but none that was stopped before',
  async () => {
    const ticking = `setInterval(() => console.log('tick'), 5);`;
    const [going, stopped] = [await start(ticking), await start(ticking)];
    const ticks = ({ stdout }: typeof going) => stdout.all.length;
    await until('both run', 5_000, () => ticks(going) > 0 && ticks(stopped) > 0);
    const state = ({ program }: typeof going) =>
      readFileSync(`/proc/${program.pid}/stat`, 'utf8').replace(/.*\) /, '')[0];
    stopped.program.signal('SIGSTOP');

    pauseAll();
    await until('both are stopped', 5_000, () => state(going) === 'T' && state(stopped) === 'T');
    continueAll();
    await until('it continues', 5_000, () => state(going) !== 'T');
    expect(state(stopped)).toBe('T');
  },
);

test.skipIf(!existsSync('/usr/bin/setpriv'))(
  'Program dies when the process that started it is killed',
  async () => {
    const parent = join(directory, 'parent.ts');
    await writeFile(join(directory, 'child.mjs'), 'console.log(1); setInterval(() => {}, 1e6);');
    const own = JSON.stringify(join(import.meta.dirname, 'program.ts'));
    await writeFile(
      parent,
      `import { Lines, Program } from ${own};
      const output = { stdout: new Lines(), stderr: new Lines() };
      const child = new Program(${JSON.stringify(join(directory, 'child.mjs'))}, {}, output);
      // Only once it runs: before that, setpriv may not have tied it yet.
      output.stdout.listen(() => console.log(child.pid));`,
    );
    const starter = execFile(process.execPath, [parent]);
    const [printed] = await once(starter.stdout ?? new PassThrough(), 'data');
    const pid = Number(printed);
    expect(runs(pid)).toBe(true);

    starter.kill('SIGKILL');
    await until('it is gone', 5_000, () => !runs(pid));
  },
);
