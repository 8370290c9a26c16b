import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { until } from '../lab/support/until.ts';
import { followFile, onFileChange } from '../src/follow-file.ts';

/** Longer than it takes to notice a change, with a margin for a busy machine. */
const NOTICED_MS = 8_000;

const folder = mkdtempSync(join(tmpdir(), 'kubenurse-'));
const stops: (() => void)[] = [];

afterAll(() => {
  for (const stop of stops) stop();
  rmSync(folder, { recursive: true });
});

/** Everything that is reported about a file, in order. */
function follow(path: string): { reported: string[]; stop: () => void } {
  const reported: string[] = [];
  const stop = followFile(
    path,
    (content) => reported.push(content),
    (error) => reported.push((error as NodeJS.ErrnoException).code ?? error.message),
  );
  stops.push(stop);
  return { reported, stop };
}

/** Waits until as many reports as expected have arrived, and compares them. */
async function hears(reported: readonly string[], expected: readonly string[]): Promise<void> {
  await until(`${expected.at(-1)} is heard`, NOTICED_MS, () => reported.length >= expected.length);
  expect(reported).toEqual(expected);
}

// Concurrent, since each change takes up to two seconds to be noticed.
describe.concurrent('followFile() reports', () => {
  test('the content of a file, at once and after each change, and nothing without a change', async () => {
    const [path, untouched] = [join(folder, 'changed'), join(folder, 'untouched')];
    writeFileSync(path, 'first');
    writeFileSync(untouched, 'first');
    const other = follow(untouched);

    const { reported } = follow(path);
    expect(reported).toEqual(['first']);
    writeFileSync(path, 'second');
    await hears(reported, ['first', 'second']);
    writeFileSync(path, '');
    await hears(reported, ['first', 'second', '']);

    expect(other.reported).toEqual(['first']);
  });

  test('a missing file once, and that it appears and disappears', async () => {
    const path = join(folder, 'missing');

    const { reported } = follow(path);
    expect(reported).toEqual(['ENOENT']);
    writeFileSync(path, 'here');
    await hears(reported, ['ENOENT', 'here']);
    rmSync(path);
    await hears(reported, ['ENOENT', 'here', 'ENOENT']);
  });

  test('a change of a mounted file whose link the kubelet swaps', async () => {
    const swap = (version: string) => {
      mkdirSync(join(folder, version));
      writeFileSync(join(folder, version, 'file'), version);
      symlinkSync(version, join(folder, '..data_tmp'));
      renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
    };
    swap('first');
    symlinkSync(join('..data', 'file'), join(folder, 'mounted'));

    const { reported } = follow(join(folder, 'mounted'));
    swap('second');

    await hears(reported, ['first', 'second']);
  });

  test('an immediate change to each of several followers, until it is stopped', async () => {
    const path = join(folder, 'followed');
    writeFileSync(path, 'first');
    const [ended, other] = [follow(path), follow(path)];

    ended.stop();
    writeFileSync(path, 'second');

    await hears(other.reported, ['first', 'second']);
    expect(ended.reported).toEqual(['first']);
  });

  test('an error for a file that cannot be read', () => {
    expect(follow(folder).reported).toEqual(['EISDIR']);
  });

  test('nothing before a change through onFileChange()', async () => {
    const path = join(folder, 'plain');
    writeFileSync(path, 'first');
    let changes = 0;

    stops.push(onFileChange(path, () => changes++));
    expect(changes).toBe(0);
    writeFileSync(path, 'second');

    await until('the change is noticed', NOTICED_MS, () => changes > 0);
    expect(changes).toBe(1);
  });
});
