import { type Logger, pino, stdTimeFunctions } from 'pino';
import { printable } from './printable.ts';

/** Maximum characters of an error's text in a log line: parts of it come from the network. */
const MAX_ERROR = 500;

/** Minimum interval between log lines of an error that any client can cause, in milliseconds. */
const WINDOW_MS = 60_000;

/**
 * A log of JSON lines. The fields `error` (a text) and `err` (an `Error`) are truncated and
 * stripped of control characters.
 */
export function createLog(
  level: string,
  { podName, nodeName }: Readonly<{ podName: string; nodeName: string | undefined }>,
  destination: { write: (line: string) => void },
): Logger {
  return pino(
    {
      level,
      base: { pod: podName, ...(nodeName === undefined ? {} : { node: nodeName }) },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
      serializers: { error: (text) => printable(String(text), MAX_ERROR), err: describe },
    },
    destination,
  );
}

function describe(thrown: unknown): object {
  if (!(thrown instanceof Error)) return { message: printable(String(thrown), MAX_ERROR) };
  const { name, message, stack = '' } = thrown;
  const frames = stack.split('\n').filter((line) => line.startsWith('    at '));
  return {
    type: name,
    message: printable(message, MAX_ERROR),
    stack: frames.map((line) => printable(line, MAX_ERROR)).join('\n'),
  };
}

/**
 * Logs errors, at most one line per message and minute: the first at once, and a minute later the
 * last of those that followed it, with their count.
 */
export function limitedErrors(log: Pick<Logger, 'error'>): (error: Error, message: string) => void {
  const windows = new Map<string, { count: number; last: Error }>();
  const open = (message: string, last: Error) => {
    const window = { count: 0, last };
    windows.set(message, window);
    setTimeout(() => close(message, window), WINDOW_MS).unref();
  };
  const close = (message: string, { count, last }: { count: number; last: Error }) => {
    windows.delete(message);
    if (count === 0) return;
    log.error({ error: last.message, count }, message);
    open(message, last);
  };
  return (error, message) => {
    const window = windows.get(message);
    if (window === undefined) {
      log.error({ error: error.message }, message);
      open(message, error);
      return;
    }
    window.count += 1;
    window.last = error;
  };
}
