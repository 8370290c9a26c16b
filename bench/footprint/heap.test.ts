import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { heapAfterCollection } from './heap.ts';

test('heapAfterCollection() is what Node itself reports of its heap', async () => {
  const program = `
    const kept = Array.from({ length: 2_000_000 }, (_, i) => i + 0.5);
    gc({ flavor: 'last-resort' });
    console.log(JSON.stringify({ used: process.memoryUsage().heapUsed, kept: kept.length }));`;
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--expose-gc',
    '--trace-gc',
    '--eval',
    program,
  ]);
  const { used } = JSON.parse(stdout.split('\n').findLast((line) => line.startsWith('{')) ?? '');
  expect(used).toBeGreaterThan(10_000_000);
  expect(Math.abs((heapAfterCollection(stdout) ?? 0) - used)).toBeLessThan(500_000);
});

test('heapAfterCollection() is undefined before the first full collection', () => {
  expect(heapAfterCollection('[1:0x1]  20 ms: Scavenge 4.1 (6.0) -> 3.9 (6.0) MB')).toBeUndefined();
});

test('heapAfterCollection() recognises incremental collections', () => {
  const output = `[1:0x1]  9 ms: Incremental Mark-Compact (reduce) 19.3 (21.5) -> 11.0 (16.8) MB, pooled: 0.0 MB
[1:0x1]  20 ms: Scavenge 12.7 (16.8) -> 12.0 (16.8) MB`;
  expect(heapAfterCollection(output)).toBe(11 * 2 ** 20);
});
