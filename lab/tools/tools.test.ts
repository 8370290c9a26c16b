import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

function tools(...given: readonly string[]) {
  const file = fileURLToPath(new URL('tools.ts', import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [file, ...given], {
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

test('npm run tools -- --help prints what is built, and builds nothing', () => {
  const { status, stdout, stderr } = tools('--help');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout).toContain('\nprometheus: prometheus, promtool\n');
  expect(stdout).toContain('-h, --help');
  expect(stdout).not.toContain('up to date\n');
});

test.each(['--version', 'helm'])('npm run tools rejects the argument %s', (argument) => {
  const { status, stdout, stderr } = tools(argument);
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toContain(`npm run tools: Un`);
  expect(stderr).toContain(argument);
});
