import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Readable } from 'node:stream';

/** Time from SIGTERM to SIGKILL. */
const STOP_LIMIT_MS = 10_000;

/** Part of util-linux. */
const SETPRIV = '/usr/bin/setpriv';

/**
 * The command line with which the kernel kills the program if this process dies without a chance to
 * do so. Unchanged if there is no setpriv.
 */
export function tied(commandLine: readonly string[]): string[] {
  return existsSync(SETPRIV) ? [SETPRIV, '--pdeathsig', 'KILL', ...commandLine] : [...commandLine];
}

/**
 * The command line with which the program has no capabilities, as in a pod. Unchanged if it has
 * none anyway, or there is no setpriv.
 */
export function withoutCapabilities(commandLine: readonly string[]): string[] {
  if (process.getuid?.() !== 0 || !existsSync(SETPRIV)) return [...commandLine];
  return [SETPRIV, '--bounding-set', '-all', '--inh-caps', '-all', ...commandLine];
}

const running = new Set<OwnedProcess>();
process.on('exit', () => {
  for (const each of running) each.signal('SIGKILL');
});

/** Stops all processes started by this one (SIGSTOP), until `continueAll`. */
export function pauseAll(): void {
  for (const each of running) each.pause(true);
}

/** Continues them, except those stopped by `signal('SIGSTOP')`. */
export function continueAll(): void {
  for (const each of running) each.pause(false);
}

/** A process that ends with this one at the latest. */
export class OwnedProcess {
  /** Resolves once the process has ended and all its output has been read. Never rejects. */
  readonly ended: Promise<void>;
  readonly #child: ChildProcess;
  #end: string | undefined;
  #isStopped = false;

  /**
   * Starts it with only these variables and PATH; `read` gets its standard output and its standard
   * error. `detached`: in a separate process group, so that Ctrl-C in the terminal reaches only
   * this process.
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

  /** Stops or continues it; one stopped by `signal('SIGSTOP')` stays stopped. */
  pause(isPaused: boolean): void {
    if (this.#end === undefined && !this.#isStopped)
      this.#child.kill(isPaused ? 'SIGSTOP' : 'SIGCONT');
  }

  /**
   * Sends SIGTERM, and SIGKILL if it has not ended 10 s later. A suspended one is continued for it.
   */
  async stop(): Promise<void> {
    this.signal('SIGTERM');
    this.signal('SIGCONT');
    const killLater = setTimeout(() => this.signal('SIGKILL'), STOP_LIMIT_MS);
    await this.ended;
    clearTimeout(killLater);
  }

  /** Sends SIGKILL, and resolves once it has ended. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.ended;
  }
}
