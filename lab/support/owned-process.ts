import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Readable } from 'node:stream';

/** Time from SIGTERM to SIGKILL. */
const STOP_LIMIT_MS = 10_000;

/** Of util-linux. */
const SETPRIV = '/usr/bin/setpriv';

/**
 * The command line with which the kernel kills the program when this process dies without a chance to do so; the same
 * command line where there is no setpriv.
 */
export function tied(commandLine: readonly string[]): string[] {
  return existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig', 'KILL', ...commandLine] : [...commandLine];
}

/** The command line with which the program has no capabilities, as in a pod; the same command line where it has none, or there is no setpriv. */
export function withoutCapabilities(commandLine: readonly string[]): string[] {
  if (process.getuid?.() !== 0 || !existsSync(SETPRIV)) return [...commandLine];
  return [SETPRIV, '--bounding-set', '-all', '--inh-caps', '-all', ...commandLine];
}

const running = new Set<OwnedProcess>();
process.on('exit', () => {
  for (const each of running) each.signal('SIGKILL');
});

/** Stops all processes that this one has started (SIGSTOP), until `continueAll`. */
export function pauseAll(): void {
  for (const each of running) each.pause(true);
}

/** Continues them, except those that `signal('SIGSTOP')` has stopped. */
export function continueAll(): void {
  for (const each of running) each.pause(false);
}

/** A process that ends with this one at the latest. */
export class OwnedProcess {
  /** Resolves, never rejects, when the process has ended and all that it wrote was read. */
  readonly ended: Promise<void>;
  readonly #child: ChildProcess;
  #end: string | undefined;
  #isStopped = false;

  /**
   * Starts it with these variables and no others but PATH; `read` is given its standard output, and its standard error.
   * `detached`: in its own process group, so that Ctrl-C in the terminal reaches this process alone.
   */
  constructor(
    commandLine: readonly string[],
    environment: Readonly<Record<string, string>>,
    read: (stdout: Readable, stderr: Readable) => void,
    { detached = false } = {},
  ) {
    const [command = '', ...args] = commandLine;
    const child = spawn(command, args, {
      env: { PATH: process.env.PATH, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached,
    });
    this.#child = child;
    running.add(this);
    read(child.stdout, child.stderr);
    child.on('exit', (code, signal) => {
      this.#end = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`;
    });
    this.ended = new Promise((resolve) => {
      child.on('close', () => resolve());
      child.on('error', (error) => {
        if (child.pid !== undefined) return;
        this.#end = `could not be started: ${error.message}`;
        resolve();
      });
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
    if (name === 'SIGSTOP' || name === 'SIGCONT') this.#isStopped = name === 'SIGSTOP';
    if (this.#end === undefined) this.#child.kill(name);
  }

  /** Stops or continues it; one that `signal('SIGSTOP')` has stopped stays so. */
  pause(isPaused: boolean): void {
    if (this.#end === undefined && !this.#isStopped)
      this.#child.kill(isPaused ? 'SIGSTOP' : 'SIGCONT');
  }

  /** SIGTERM, and SIGKILL when it has not ended 10 s later. A suspended one is woken for it. */
  async stop(): Promise<void> {
    this.signal('SIGTERM');
    this.signal('SIGCONT');
    const killLater = setTimeout(() => this.signal('SIGKILL'), STOP_LIMIT_MS);
    await this.ended;
    clearTimeout(killLater);
  }

  /** SIGKILL; resolves when it has ended. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.ended;
  }
}
