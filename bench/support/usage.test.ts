import { expect, test } from 'vitest';
import { readUsage, usageOf } from './usage.ts';

const STATUS = ['VmRSS:\t   65000 kB', 'RssAnon:\t   20000 kB', 'RssFile:\t   45000 kB', ''].join(
  '\n',
);
const FIELDS = '1 1 1 0 -1 4194304 100 0 0 0 250 50 7 7 20 0 11 0 12345 1000 2000';

test('readUsage() is in bytes and seconds, whatever the program is called', () => {
  const usage = { rss: 65_000 * 1024, rssAnon: 20_000 * 1024, user: 2.5, system: 0.5, cpu: 3 };
  expect(readUsage(STATUS, `7 (node) S ${FIELDS}\n`)).toEqual(usage);
  expect(readUsage(STATUS, `7 (a) S 9 (b) S ${FIELDS}\n`)).toEqual(usage);
});

test('readUsage() throws if a value is missing', () => {
  expect(() => readUsage('', `7 (node) S ${FIELDS}\n`)).toThrow('VmRSS');
  expect(() => readUsage(STATUS, '7 (node) S')).toThrow('CPU');
});

test.runIf(process.platform === 'linux')('usageOf() reads what this process uses', () => {
  const { rss, rssAnon, cpu } = usageOf(process.pid);
  expect(rssAnon).toBeGreaterThan(1_000_000);
  expect(rss).toBeGreaterThan(rssAnon);
  const { user, system } = process.cpuUsage();
  expect(cpu).toBeGreaterThan(0);
  expect(cpu).toBeLessThanOrEqual((user + system) / 1_000_000 + 0.02);
});
