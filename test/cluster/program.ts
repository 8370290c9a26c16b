import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Readable } from 'node:stream';

/** So many lines of the output are kept, the latest. */
const KEPT_LINES = 1_000;
/** A longer line, in characters, is kept in pieces. */
const LONGEST_LINE = 64 * 1024;
/** A program that has not ended so long after SIGTERM is killed. */
const STOP_LIMIT_MS = 10_000;

/** util-linux; has the kernel kill the program when we die without a chance to do it ourselves. */
const SETPRIV = '/usr/bin/setpriv';

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

const running = new Set<Program>();
process.on('exit', () => {
  for (const program of running) program.signal('SIGKILL');
});

/** One run of a program written for Node, in a process of its own. */
export class Program {
  readonly #child: ChildProcess;
  /** Resolves, never rejects, when the process has ended and all that it wrote was read. */
  readonly ended: Promise<void>;
  #end: string | undefined;

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
    const dieWithUs = existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig', 'KILL'] : [];
    const [command = '', ...args] = [...dieWithUs, ...enter, process.execPath, file];
    const child = spawn(command, args, {
      env: { PATH: process.env.PATH, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.#child = child;
    running.add(this);
    output.stdout.follow(child.stdout);
    output.stderr.follow(child.stderr);
    child.on('exit', (code, signal) => {
      this.#end = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
    });
    child.on('error', (error) => {
      if (child.pid === undefined) this.#end = `could not be started: ${error.message}`;
    });
    this.ended = new Promise((resolve) => {
      child.on('close', () => resolve());
      child.on('error', () => child.pid === undefined && resolve());
    });
    this.ended.then(() => running.delete(this));
  }

  /** How it ended, such as `was ended by SIGKILL`; undefined while it runs. */
  get end(): string | undefined {
    return this.#end;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Sends it a signal, unless it has ended. */
  signal(name: NodeJS.Signals): void {
    if (this.#end === undefined) this.#child.kill(name);
  }

  /** SIGTERM, and SIGKILL when it has not ended 10 s later. A suspended one is woken for it. */
  async stop(): Promise<void> {
    this.signal('SIGTERM');
    this.signal('SIGCONT');
    const killLater = setTimeout(() => this.signal('SIGKILL'), STOP_LIMIT_MS);
    await this.ended;
    clearTimeout(killLater);
  }
}
