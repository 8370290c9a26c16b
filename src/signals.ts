/** The bit of SIGTERM, 15, in a mask of signals (proc_pid_status(5)). */
const SIGTERM = 1n << 14n;

/**
 * The first SIGTERM or SIGINT; later ones change nothing, since the end is bounded in time. Listened to as soon as this
 * module is loaded, which has to be before all others: PID 1 of a container does not get a signal until then.
 */
export const stopSignal: Promise<string> = new Promise((resolve) => {
  if (process.pid === 1 && wasTerminatedAtStart()) resolve('SIGTERM');
  process.on('SIGTERM', resolve).on('SIGINT', resolve);
});

// Without a listener, Node opens its inspector, which can run any code.
process.on('SIGUSR1', () => {});

/**
 * Whether a SIGTERM came while Node itself was starting: its handler, installed until this module listens, is removed at the
 * first signal and raises it again, which means nothing to PID 1.
 */
function wasTerminatedAtStart(): boolean {
  // Not imported: in the packed program an import comes before what is above.
  const { readFileSync } = process.getBuiltinModule('node:fs');
  try {
    const [, caught] = /^SigCgt:\s*(\w+)$/m.exec(readFileSync('/proc/self/status', 'latin1')) ?? [];
    return caught !== undefined && (BigInt(`0x${caught}`) & SIGTERM) === 0n;
  } catch {
    return false;
  }
}
