import type { Launch } from '../parts/parts.ts';
import { type Output, Program } from '../support/program.ts';
import { until } from '../support/until.ts';
import { isOk } from './readiness.ts';

const START_LIMIT_MS = 15_000;

/** A pod's container, which can run the program several times. */
export class Container {
  readonly #name: string;
  readonly #file: string;
  readonly #output: Output;
  readonly #ended: () => void;
  #program: Program | undefined;

  /** `name`: for errors. `file`: the program's. `ended` is called whenever a run has ended. */
  constructor(name: string, file: string, output: Output, ended: () => void) {
    this.#name = name;
    this.#file = file;
    this.#output = output;
    this.#ended = ended;
  }

  get isRunning(): boolean {
    return this.#program !== undefined && this.#program.end === undefined;
  }

  /** How the last run ended, such as `was ended by SIGKILL`; undefined while it is running. */
  get end(): string | undefined {
    return this.#program?.end;
  }

  /**
   * Resolves once `url` responds with 200. If it does not within 15 s, rejects with the program's
   * output.
   */
  async start({ enter, environment }: Launch, url: string): Promise<void> {
    const program = new Program(this.#file, environment, this.#output, enter);
    this.#program = program;
    program.ended.then(this.#ended);
    await until(`${this.#name}: the program responds`, START_LIMIT_MS, async () => {
      if (program.end === undefined) return isOk(url);
      await program.ended;
      throw new Error(`${this.#name}: the program ${program.end}`);
    }).catch((error: Error) => {
      const { stdout, stderr } = this.#output;
      const said = [...stdout.all.slice(-10), ...stderr.all.slice(-20)];
      throw new Error([error.message, ...said].join('\n  '), { cause: error });
    });
  }

  signal(name: NodeJS.Signals): void {
    this.#program?.signal(name);
  }

  async stop(): Promise<void> {
    await this.#program?.stop();
  }

  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await this.#program?.ended;
  }
}
