import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ControlGroup } from './control-group.ts';

/** Stands in for /sys/fs/cgroup, with these files. */
function hierarchy(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), 'kubenurse-cgroup-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(join(root, file, '..'), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  return root;
}

/** The settings of the one group there. */
function settings(parent: string): Record<string, string> {
  const [group = ''] = readdirSync(parent).filter((name) => name.startsWith('kubenurse-bench-'));
  const path = join(parent, group);
  return Object.fromEntries(
    readdirSync(path).map((file) => [file, readFileSync(join(path, file), 'utf8')]),
  );
}

test('ControlGroup limits memory and CPU with cgroup v2', () => {
  const root = hierarchy({ 'cgroup.subtree_control': 'cpuset cpu io memory pids\n' });
  const group = ControlGroup.create(root);
  expect(settings(root)).toEqual({ 'memory.max': '201326592', 'cpu.max': '100000 100000' });
  expect(group.limits).toContain('192 MiB');
});

test('ControlGroup limits only CPU with cgroup v1', () => {
  const root = hierarchy({ 'cpu/cpu.cfs_quota_us': '-1\n' });
  const group = ControlGroup.create(root);
  expect(settings(join(root, 'cpu'))).toEqual({
    'cpu.cfs_period_us': '100000',
    'cpu.cfs_quota_us': '100000',
  });
  expect(group.limits).toContain('memory not limited');
});

test('ControlGroup limits nothing, and reports that, if it is not allowed to', () => {
  for (const files of [
    {},
    ...['cpu\n', 'memory\n'].map((text) => ({ 'cgroup.subtree_control': text })),
  ]) {
    const root = hierarchy(files);
    const group = ControlGroup.create(root);
    expect(group.limits).toBe('none');
    expect(group.enter).toEqual([]);
    group.remove();
    expect(existsSync(root)).toBe(true);
  }
});
