import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/** From util-linux. */
const TASKSET = '/usr/bin/taskset';
const CHRT = '/usr/bin/chrt';

/** Which processors a program runs on. */
export type Processors = Readonly<{
  /** The prefix of a command line to run on a processor that nothing else uses. */
  alone: readonly string[];
  /** The prefix to run only when nothing else uses the processors of this process. */
  whenIdle: readonly string[];
}>;

/**
 * Reserves the first processor for programs started `alone`, as if they ran on another node: this
 * process and all else that it starts use the others until the stack ends. Does nothing if there is
 * only one processor, or no Linux.
 */
export function shareProcessors(stack: AsyncDisposableStack): Processors {
  const [first, ...others] = allowedProcessors();
  if (first === undefined || others.length === 0) return { alone: [], whenIdle: [] };
  runOn(others);
  stack.defer(() => runOn([first, ...others]));
  return { alone: [TASKSET, '--cpu-list', String(first)], whenIdle: [CHRT, '--idle', '0'] };
}

function runOn(processors: readonly number[]): void {
  execFileSync(TASKSET, ['--cpu-list', '--pid', processors.join(','), String(process.pid)]);
}

/**
 * The processors that this process may use (proc(5)); none if it cannot be limited to some of them.
 */
function allowedProcessors(): number[] {
  if (!existsSync(TASKSET) || !existsSync(CHRT)) return [];
  const status = readFileSync('/proc/self/status', 'utf8');
  const [, list = ''] = /^Cpus_allowed_list:\s+(\S+)$/m.exec(status) ?? [];
  return list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}
