import { fstatSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';

/** Maximum length of what is buffered for the reader of a pipe: some 4,000 lines. */
const MAX_BUFFERED = 2 ** 20;

/** Standard output that never blocks or ends the program. */
export type StandardOutput = Readonly<{
  /** Writes whole lines, or drops and counts them. */
  write: (lines: string) => void;
  /** How many lines have been dropped so far. */
  droppedLines: () => number;
  /** Resolves when everything is written, or cannot be, or after this many milliseconds. */
  flush: (milliseconds: number) => Promise<void>;
}>;

/** `write` returns false unless it takes all of the text. */
type Sink = Readonly<{ write: (text: string) => boolean; flush: () => Promise<void> }>;

/**
 * Opens a file descriptor for lines. Drops lines that cannot be written (a full disk, a closed
 * pipe), and those that exceed the buffer of a pipe that nobody reads. Calls `onDropped` with their
 * number once lines can be written again.
 */
export function openStandardOutput(fd: number, onDropped: (lines: number) => void): StandardOutput {
  const stat = fstatSync(fd);
  const sink = stat.isFIFO() || stat.isSocket() ? pipeSink(fd) : fileSink(fd);
  let dropped = 0;
  let reported = 0;
  return {
    write: (lines) => {
      if (!sink.write(lines)) {
        dropped += lines.split('\n').length - 1;
        return;
      }
      if (dropped === reported) return;
      const unreported = dropped - reported;
      reported = dropped;
      onDropped(unreported);
    },
    droppedLines: () => dropped,
    flush: (milliseconds) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, milliseconds);
      sink.flush().then(resolve);
      return promise.finally(() => clearTimeout(timer));
    },
  };
}

/**
 * Writes to a pipe without blocking: `process.stdout` and `fs.writeSync` wait for its reader, and
 * `fs.write` takes a thread that `process.exit()` waits for.
 */
function pipeSink(fd: number): Sink {
  const pipe = new Socket({ fd, readable: false, writable: true });
  // The reader has closed it: no more lines can be written.
  pipe.on('error', () => {});
  return {
    write: (text) => {
      if (!pipe.writable || pipe.writableLength + text.length > MAX_BUFFERED) return false;
      pipe.write(text);
      return true;
    },
    // The callback runs once everything before it has been written, or cannot be.
    flush: () => new Promise((resolve) => pipe.write('', () => resolve())),
  };
}

/** Writes to a file, terminal or device: each write ends, with an error if the disk is full. */
function fileSink(fd: number): Sink {
  let isTorn = false;
  return {
    write: (text) => {
      const bytes = Buffer.from(isTorn ? `\n${text}` : text);
      let written = 0;
      try {
        while (written < bytes.length) written += writeSync(fd, bytes, written);
        isTorn = false;
        return true;
      } catch {
        // The next text must begin on a new line.
        if (written > 0) isTorn = true;
        return false;
      }
    },
    flush: async () => {},
  };
}
