import { readdir, readFile } from 'node:fs/promises';
import type { OwnedProcess } from './owned-process.ts';
import { until } from './until.ts';

const LIMIT_MS = 1_000;

/**
 * Stops a process (SIGSTOP), and resolves once it stands still: the signal takes effect in each of
 * its threads some milliseconds after it was sent. Rejects if that takes longer than `until` allows
 * for a second, or if the process has ended. Linux only.
 */
export async function suspend(process: OwnedProcess): Promise<void> {
  process.signal('SIGSTOP');
  await until('it is suspended', LIMIT_MS, () => isStopped(process));
}

async function isStopped({ pid, end }: OwnedProcess): Promise<boolean> {
  if (end !== undefined) throw new Error(end);
  const threads = await readdir(`/proc/${pid}/task`);
  const read = (thread: string) => readFile(`/proc/${pid}/task/${thread}/stat`, 'utf8');
  const states = await Promise.all(threads.map(read));
  return states.every((stat) => /\) T/.test(stat));
}
