import { fstatSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';

/** The maximum of bytes that are buffered for the reader of a pipe: some 4,000 lines. */
const MAX_BUFFERED = 2 ** 20;

/** Standard output that never holds up the program and never ends it. */
export type StandardOutput = Readonly<{
  /** Writes the text, whole lines, or drops and counts them. */
  write: (lines: string) => void;
  /** How many lines have been dropped so far. */
  droppedLines: () => number;
  /** Resolves when everything is written, or cannot be, or after so many milliseconds. */
  flush: (milliseconds: number) => Promise<void>;
}>;

/** Takes all of a text, or none of it: false. */
type Sink = Readonly<{ write: (text: string) => boolean; flush: () => Promise<void> }>;

/**
 * Opens a file descriptor for lines. Lines are dropped where they cannot be written (a full disk, a closed pipe), and
 * where too many wait for a pipe that nobody reads. `onDropped` is called with their number, once lines can be written
 * again.
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
 * A pipe without waiting: `process.stdout` and `fs.writeSync` wait for its reader, and `fs.write` takes a thread that
 * `process.exit()` waits for.
 */
function pipeSink(fd: number): Sink {
  const pipe = new Socket({ fd, readable: false, writable: true });
  // Closed by its reader: no line can be written any more.
  pipe.on('error', () => {});
  return {
    write: (text) => {
      if (!pipe.writable || pipe.writableLength + text.length > MAX_BUFFERED) return false;
      pipe.write(text);
      return true;
    },
    // Called after everything before it is written, or cannot be.
    flush: () => new Promise((resolve) => pipe.write('', () => resolve())),
  };
}

/** A file, terminal or device: a write of it ends, with an error where the disk is full. */
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
        // What comes next begins a line.
        if (written > 0) isTorn = true;
        return false;
      }
    },
    flush: async () => {},
  };
}
