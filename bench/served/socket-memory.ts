import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Enough for many connections, in bytes: 250 each. */
const MAX_OUTPUT = 1 << 24;

/**
 * What the kernel holds, in bytes, for the connections of a server at these ports: received but not
 * read, or written but not acknowledged. A pod's memory limit includes it (cgroup v2). Throws
 * without `ss` (iproute2).
 */
export async function socketMemory(ports: readonly number[]): Promise<number> {
  const filter = ports.flatMap((port, i) => [...(i > 0 ? ['or'] : []), 'sport', '=', `:${port}`]);
  const args = ['-Htnm', 'state', 'connected', '(', ...filter, ')'];
  const { stdout } = await run('ss', args, { maxBuffer: MAX_OUTPUT });
  const skmem = stdout.matchAll(/skmem:\(r(\d+),rb\d+,t\d+,tb\d+,f(\d+),w(\d+)/g);
  // `f`: of the pages that are charged, what is not in use yet.
  return skmem.reduce(
    (sum, [, read, free, written]) => sum + Number(read) + Number(free) + Number(written),
    0,
  );
}
