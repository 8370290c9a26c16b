import { readdirSync, readFileSync } from 'node:fs';

/**
 * The CPU time that the threads of a process have used so far, in milliseconds (proc(5), to the
 * nanosecond: `schedstat`).
 */
export function cpuTime({ pid }: { readonly pid: number | undefined }): number {
  const threads = `/proc/${pid}/task`;
  const nanoseconds = readdirSync(threads).map((thread) =>
    Number(readFileSync(`${threads}/${thread}/schedstat`, 'utf8').split(' ', 1)[0]),
  );
  return nanoseconds.reduce((sum, each) => sum + each, 0) / 1e6;
}
