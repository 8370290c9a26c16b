import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { builtOnce } from './built-once.ts';

const SOURCES = ['package.json'];
const HOUR_S = 3_600;

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'kubenurse-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** What a killed build leaves behind, last modified this many seconds ago. */
function partial(parent: string, name: string, seconds: number): void {
  const folder = join(parent, name);
  mkdirSync(folder);
  writeFileSync(join(folder, 'part.tar'), 'partial');
  const time = Date.now() / 1000 - seconds;
  utimesSync(folder, time, time);
}

test('builtOnce() builds once, and leaves nothing of a build that fails', async () => {
  const parent = temporaryFolder();
  await expect(
    builtOnce('images', SOURCES, () => Promise.reject(new Error('no space')), parent),
  ).rejects.toThrow('no space');
  expect(readdirSync(parent)).toEqual([]);

  const built: string[] = [];
  const build = async (folder: string) => {
    built.push(folder);
    writeFileSync(join(folder, 'image.tar'), 'image');
  };
  const folder = await builtOnce('images', SOURCES, build, parent);
  expect(await builtOnce('images', SOURCES, build, parent)).toBe(folder);
  expect(built).toHaveLength(1);
  expect(readdirSync(folder)).toContain('image.tar');
});

test('builtOnce() removes what killed builds have left, but not builds in progress', async () => {
  const parent = temporaryFolder();
  await builtOnce('images', SOURCES, async () => {}, parent);
  partial(parent, 'images-aB3xY9', 2 * HOUR_S);
  partial(parent, 'images-zZ0000', HOUR_S / 2);
  partial(parent, 'images-of-others', 2 * HOUR_S);
  partial(parent, 'kubenurse-images-aB3xY9', 2 * HOUR_S);

  await builtOnce('images', SOURCES, async () => {}, parent);
  expect(readdirSync(parent).toSorted()).toEqual([
    'images',
    'images-of-others',
    'images-zZ0000',
    'kubenurse-images-aB3xY9',
  ]);
});
