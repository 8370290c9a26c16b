import { readFileSync } from 'node:fs';

/** The kernel's `USER_HZ`, the same on every known architecture. */
const TICKS_A_SECOND = 100;

/** What a process uses: memory in bytes, CPU in seconds since its start. */
export type Usage = Readonly<{
  rss: number;
  rssAnon: number;
  /** In user mode, in the kernel, and both. */
  user: number;
  system: number;
  cpu: number;
}>;

/** Throws if the process has ended. */
export function usageOf(pid: number): Usage {
  return readUsage(
    readFileSync(`/proc/${pid}/status`, 'utf8'),
    readFileSync(`/proc/${pid}/stat`, 'utf8'),
  );
}

/**
 * Reads two files of `/proc/PID`: proc_pid_status(5), proc_pid_stat(5). Throws if a value is
 * missing.
 */
export function readUsage(status: string, stat: string): Usage {
  // The program's name comes second, in parentheses, and may contain spaces and parentheses.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user, system] = [Number(fields[11]) / TICKS_A_SECOND, Number(fields[12]) / TICKS_A_SECOND];
  const cpu = user + system;
  if (Number.isNaN(cpu)) throw new Error(`no CPU time in ${stat}`);
  return {
    rss: kilobytes(status, 'VmRSS'),
    rssAnon: kilobytes(status, 'RssAnon'),
    user,
    system,
    cpu,
  };
}

function kilobytes(status: string, name: string): number {
  const [, kB] = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status) ?? [];
  if (kB === undefined) throw new Error(`no ${name} in ${status}`);
  return Number(kB) * 1024;
}
