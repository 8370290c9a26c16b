import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');

/** The output and exit code of a process that appears to run on this version. */
function runOn(version: string): { stderr: string; status: number | null } {
  const script = `
    Object.defineProperty(process, 'versions', { value: { node: '${version}' } });
    require('./require-node.cjs');`;
  return spawnSync(process.execPath, ['-e', script], { cwd: ROOT, encoding: 'utf8' });
}

test('an older Node exits and names the required version, this one continues', () => {
  expect(runOn('25.9.0')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('kubenurse requires Node 26 or later, and this is 25.9.0'),
  });
  expect(runOn('26.0.0')).toMatchObject({ status: 0, stderr: '' });
});

test('npm start and npm run demo check the version', () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  for (const script of ['start', 'demo']) {
    expect(scripts[script]).toMatch(/^node -r \.\/require-node\.cjs /);
  }
});
