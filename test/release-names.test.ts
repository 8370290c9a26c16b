import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { RELEASE, readFiles, withNames } from '../deploy/release/names.ts';

const ROOT = join(import.meta.dirname, '..');

test.each(readFiles())('$file names the repository, image and version of package.json', (file) => {
  expect(file.text).toBe(withNames(file.file, file.text));
});

test('no other file names the repository or the image', () => {
  const names = [`-e${new URL(RELEASE.repository).pathname.slice(1)}`, `-e${RELEASE.image}`];
  const known = new Set([...readFiles().map(({ file }) => file), 'package.json']);
  const generated = ['deploy/helm/kubenurse/README.md'];
  const files = execFileSync('git', ['grep', '-l', '--fixed-strings', ...names], { cwd: ROOT })
    .toString()
    .trim()
    .split('\n');
  expect(files.filter((file) => !known.has(file) && !generated.includes(file))).toEqual([]);
});

test('every action of the workflows is pinned to a commit', () => {
  for (const workflow of ['ci', 'release']) {
    const text = readFileSync(join(ROOT, `.github/workflows/${workflow}.yml`), 'utf8');
    const actions = [...text.matchAll(/uses: (.+)/g)].map(([, action]) => action);
    expect(actions.length).toBeGreaterThan(0);
    for (const action of actions) expect(action).toMatch(/^[\w/-]+@[0-9a-f]{40} # v\d/);
  }
});
