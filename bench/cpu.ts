import { type Cost, type Cpu, measureCpu } from './cpu/measure.ts';
import type { CallCost } from './cpu/tcp-info-cost.ts';
import type { Benchmark } from './support/benchmark.ts';
import { number, programFile } from './support/options.ts';
import { markdownTable } from './support/table.ts';

/** Milliseconds. In a short run there is hardly a check. */
const LONG = { warmUp: 15_000, scrapes: 15_000 };
const SHORT = { interval: 500, warmUp: 1_000, lasts: 2_000, scrapes: 500 };

const OPTIONS = {
  seconds: number({ default: '120', min: 1, max: 86_400 }),
  interval: number({ default: '5', min: 0.1, max: 60, unit: 'seconds' }),
  program: programFile(),
};

/**
 * Where the CPU time of a check goes: the packed program (`npm run bundle`; `--program`: another)
 * compared with bare Node that opens the same sockets and sends the same requests, a profile by
 * part, and the time that TCP_INFO takes, call by call.
 */
export const cpu: Benchmark<Cpu, typeof OPTIONS> = {
  summary: 'CPU time of a check, compared with bare Node, and a profile by part',
  options: OPTIONS,
  inOwnNamespace: true,
  run: ({ short, values, logProgress }) => {
    const long = { ...LONG, lasts: values.seconds * 1_000, interval: values.interval * 1_000 };
    return measureCpu(values.program, short ? SHORT : long, logProgress);
  },
  table: ({ kubenurse, bare, parts, tcpInfo }) => {
    const row = (name: string, read: (cost: Cost) => number, digits = 2) => [
      name,
      read(kubenurse).toFixed(digits),
      read(bare).toFixed(digits),
      (read(kubenurse) / read(bare)).toFixed(2),
    ];
    const costs = markdownTable(
      ['', 'kubenurse, packed', 'bare Node', 'ratio'],
      [
        row('CPU per check, ms', ({ user, system }) => user + system),
        row('… user', ({ user }) => user),
        row('… system', ({ system }) => system),
        row('RssAnon, MB', ({ rssAnon }) => rssAnon / 1_000_000, 1),
        row('checks', ({ checks }) => checks, 0),
      ],
    );
    // Shares, because the samples are of elapsed time, which the profiler and other processes
    // lengthen.
    const total = parts.reduce((sum, [, milliseconds]) => sum + milliseconds, 0);
    const profile = markdownTable(
      ['main thread, by part', '%'],
      parts.map(([part, milliseconds]) => [part, ((100 * milliseconds) / total).toFixed(0)]),
    );
    const tcpRow = (name: string, { mean, median }: CallCost) => [
      name,
      mean.toFixed(1),
      median.toFixed(1),
    ];
    const tcp = markdownTable(
      ['`TCP_INFO`, µs', 'mean', 'median'],
      [
        tcpRow('a read', tcpInfo.read),
        tcpRow('a recorded value', tcpInfo.value),
        ['a check, all its reads and values', tcpInfo.perCheck.toFixed(1), ''],
      ],
    );
    return [costs, profile, tcp].join('\n\n');
  },
};
