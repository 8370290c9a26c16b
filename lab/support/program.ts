import type { Readable } from 'node:stream';
import { COMPILE_CACHE } from './compile-cache.ts';
import { OwnedProcess, tied } from './owned-process.ts';

/** How many of the latest lines of the output are kept. */
const KEPT_LINES = 1_000;
/** A line of more characters is kept in pieces. */
const MAX_LINE = 64 * 1024;

/** What a program has written to one of its outputs. */
export class Lines {
  readonly #kept: string[] = [];
  readonly #listeners = new Set<(line: string) => void>();
  #begun = '';

  /** The last 1,000 lines, the oldest first. */
  get all(): readonly string[] {
    return this.#kept;
  }

  /** Calls the listener with every line from now on, until the returned function is called. */
  listen(listener: (line: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  follow(stream: Readable): void {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      const lines = (this.#begun + text).split('\n');
      this.#begun = lines.pop() ?? '';
      if (this.#begun.length > MAX_LINE) {
        lines.push(this.#begun);
        this.#begun = '';
      }
      for (const line of lines) this.#add(line);
    });
    stream.on('end', () => {
      if (this.#begun !== '') this.#add(this.#begun);
      this.#begun = '';
    });
  }

  #add(line: string): void {
    this.#kept.push(line);
    if (this.#kept.length > KEPT_LINES) this.#kept.shift();
    for (const listener of this.#listeners) listener(line);
  }
}

/** Where a program's output is kept. */
export type Output = Readonly<{ stdout: Lines; stderr: Lines }>;

/** One run of a program written for Node, in a separate process. */
export class Program extends OwnedProcess {
  /**
   * Starts it with these variables, PATH and a compile cache, in a separate process group, so that
   * Ctrl-C in the terminal reaches only this process. `enter`: the start of its command line.
   */
  constructor(
    file: string,
    environment: Record<string, string>,
    output: Output,
    enter: readonly string[] = [],
  ) {
    const commandLine = tied([...enter, process.execPath, file]);
    const read = (stdout: Readable, stderr: Readable) => {
      output.stdout.follow(stdout);
      output.stderr.follow(stderr);
    };
    super(commandLine, { ...COMPILE_CACHE, ...environment }, read, { detached: true });
  }
}
