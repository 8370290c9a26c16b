/** The bit of SIGTERM (15) in a signal mask (proc_pid_status(5)). */
const SIGTERM = 1n << 14n;

/**
 * The first SIGTERM or SIGINT; later ones have no effect, since shutdown is bounded in time.
 * Listens as soon as this module is loaded, which must be before all others: until then, PID 1 of a
 * container does not get a signal.
 */
export const stopSignal: Promise<string> = new Promise((resolve) => {
  if (process.pid === 1 && wasTerminatedAtStart()) resolve('SIGTERM');
  process.on('SIGTERM', resolve).on('SIGINT', resolve);
});

// Without a listener, Node opens its inspector, which can run any code.
process.on('SIGUSR1', () => {});

/**
 * Whether a SIGTERM arrived while Node itself was starting: Node's handler, in place until this
 * module listens, is removed at the first signal and raises it again, which has no effect on PID 1.
 */
function wasTerminatedAtStart(): boolean {
  // Not imported: in the packed program, an import runs before the code above.
  const { readFileSync } = process.getBuiltinModule('node:fs');
  try {
    const [, caught] = /^SigCgt:\s*(\w+)$/m.exec(readFileSync('/proc/self/status', 'latin1')) ?? [];
    return caught !== undefined && (BigInt(`0x${caught}`) & SIGTERM) === 0n;
  } catch {
    return false;
  }
}
