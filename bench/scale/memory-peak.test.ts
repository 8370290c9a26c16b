import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { highestRss, MemoryPeak } from './memory-peak.ts';

test('highestRss() is in bytes', () => {
  expect(highestRss('VmPeak:\t 900 kB\nVmHWM:\t   74408 kB\nVmRSS:\t  70000 kB\n')).toBe(
    74_408 * 1024,
  );
});

test('highestRss() throws if there is no VmHWM', () => {
  expect(() => highestRss('VmRSS:\t  70000 kB\n')).toThrow('VmHWM');
});

test.runIf(process.platform === 'linux')('MemoryPeak records the peak', async () => {
  using peak = new MemoryPeak(process.pid);
  const before = peak.read();
  const large = Buffer.alloc(64_000_000, 1);
  const { peakRss, peakRssAnon } = peak.read();
  expect(large).toHaveLength(64_000_000);
  expect(peakRssAnon - before.peakRssAnon).toBeGreaterThan(30_000_000);
  expect(peakRss).toBeGreaterThanOrEqual(peakRssAnon);
});

test.runIf(process.platform === 'linux')('MemoryPeak outlives its process', async () => {
  const child = spawn('true');
  const { pid = 0 } = child;
  using peak = new MemoryPeak(pid);
  await once(child, 'exit');
  // Longer than from one sample to the next.
  await sleep(100);
  expect(() => peak.read()).toThrow(`/proc/${pid}`);
});
