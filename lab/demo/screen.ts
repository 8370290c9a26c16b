import { createInterface, type Interface } from 'node:readline';
import type { ReadStream, WriteStream } from 'node:tty';

const PROMPT = '> ';
const REDRAW_MS = 1_000;

/**
 * Terminal control (ECMA-48): cursor up by this many rows, cursor to the top left, erase from the
 * cursor on.
 */
const up = (rows: number) => (rows > 0 ? `\x1b[${rows}A` : '');
const HOME = '\x1b[H';
const ERASE_BELOW = '\x1b[J';

/** What a screen calls when a line is entered, and on Ctrl-C or Ctrl-D. */
export type Handlers = Readonly<{ onLine: (line: string) => void; onQuit: () => void }>;

/**
 * A terminal with a block of lines that is redrawn in place, a prompt below it, and messages above
 * it.
 */
export class Screen {
  readonly #input: ReadStream;
  readonly #out: WriteStream;
  readonly #draw: () => readonly string[];
  readonly #prompt: Interface;
  readonly #timer: NodeJS.Timeout;
  readonly #resized = () => {
    this.#out.write(HOME);
    this.#above = 0;
    this.redraw();
  };
  /** Rows from the block's first one to the cursor. */
  #above = 0;
  #closed = false;
  #isInputOver = false;
  readonly #continued = () => {
    this.#prompt.resume();
    if (this.#input.isTTY) this.#input.setRawMode(true);
    this.#above = 0;
    this.redraw();
  };

  /**
   * `draw` returns the block: fewer lines than the terminal has rows, none wider than its columns.
   * Input that is not a terminal may end; the block is still redrawn. Ctrl-Z suspends the whole
   * process group: a shell resumes control only if npm, which started this process, is stopped as
   * well.
   */
  constructor(
    input: ReadStream,
    out: WriteStream,
    draw: () => readonly string[],
    { onLine, onQuit }: Handlers,
  ) {
    this.#input = input;
    this.#out = out;
    this.#draw = draw;
    this.#prompt = createInterface({ input, output: out, prompt: PROMPT });
    this.#prompt.on('line', (line) => {
      this.#above += 1 + Math.floor((PROMPT.length + line.length) / out.columns);
      this.say([PROMPT + line]);
      onLine(line);
    });
    this.#prompt.on('SIGINT', onQuit);
    this.#prompt.on('SIGTSTP', () => {
      this.#erasePrompt();
      input.setRawMode(false);
      process.kill(0, 'SIGTSTP');
    });
    process.on('SIGCONT', this.#continued);
    this.#prompt.on('close', () => {
      this.#isInputOver = true;
      if (input.isTTY && !this.#closed) onQuit();
    });
    out.on('resize', this.#resized);
    this.#timer = setInterval(() => this.redraw(), REDRAW_MS);
    this.redraw();
  }

  /** Writes lines above the block, where they stay. */
  say(lines: readonly string[]): void {
    if (this.#closed) return;
    const block = this.#draw();
    const text = [...lines, ...block].map((line) => `${line}\n`).join('');
    this.#out.write(`\r${up(this.#above)}${ERASE_BELOW}${text}`);
    this.#above = block.length;
    if (!this.#isInputOver) this.#prompt.prompt(true);
  }

  /** Updates the block. Waits while the typed line needs more than one row. */
  redraw(): void {
    const typed = PROMPT.length + this.#prompt.line.length;
    if (typed < this.#out.columns) this.say([]);
  }

  /** Restores the terminal; the block remains. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#out.off('resize', this.#resized);
    process.off('SIGCONT', this.#continued);
    this.#prompt.close();
    this.#erasePrompt();
  }

  #erasePrompt(): void {
    this.#out.write(`\r${ERASE_BELOW}`);
  }
}
