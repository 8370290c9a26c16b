import type { Readable } from 'node:stream';
import { OwnedProcess, tied } from './owned-process.ts';

/** So many lines of the output are kept, the latest. */
const KEPT_LINES = 1_000;
/** A longer line, in characters, is kept in pieces. */
const LONGEST_LINE = 64 * 1024;

/** What a program has written to one of its outputs. */
export class Lines {
  readonly #kept: string[] = [];
  readonly #listeners = new Set<(line: string) => void>();
  #begun = '';

  /** The last 1,000 lines, the oldest first. */
  get all(): readonly string[] {
    return this.#kept;
  }

  /** Hears every line from now on, until the function that is returned is called. */
  listen(listener: (line: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  follow(stream: Readable): void {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      const lines = (this.#begun + text).split('\n');
      this.#begun = lines.pop() ?? '';
      if (this.#begun.length > LONGEST_LINE) {
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

/** Where what a program writes is kept. */
export type Output = Readonly<{ stdout: Lines; stderr: Lines }>;

/** One run of a program written for Node, in a process of its own. */
export class Program extends OwnedProcess {
  /**
   * Starts it with these variables and no others but PATH. In a process group of its own, so that a Ctrl-C
   * in our terminal is ours alone to answer. `enter` is what its command line begins with.
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
    super(commandLine, environment, read, { detached: true });
  }
}
