import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

type Locked = Readonly<{ integrity?: string; hasInstallScript?: boolean }>;

const textOf = (file: string) => readFileSync(join(import.meta.dirname, '..', file), 'utf8');
const read = (file: string) => JSON.parse(textOf(file));
const { '': _root, ...packages } = read('package-lock.json').packages as Record<string, Locked>;

test('the lockfile has the hash of every package', () => {
  const withoutHash = Object.keys(packages).filter(
    (path) => !/^sha512-/.test(packages[path]?.integrity ?? ''),
  );
  expect(withoutHash).toEqual([]);
});

test('no package may run a script at installation, which could fetch files without a hash', () => {
  expect(Object.values(read('package.json').allowScripts)).not.toContain(true);
});

test.each(['Dockerfile', '.github/workflows/release.yml'])(
  '%s installs packages without their scripts, whatever npm supports',
  (file) => {
    const installs = textOf(file).match(/npm (ci|i|install)\b.*/g) ?? [];
    expect(installs.length).toBeGreaterThan(0);
    expect(installs.filter((each) => !/^npm ci --ignore-scripts\b/.test(each))).toEqual([]);
  },
);
