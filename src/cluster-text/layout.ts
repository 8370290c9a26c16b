import { printable } from '../printable.ts';
import { finish, mapSteps, type Steps } from '../verdict/steps.ts';
import { whole } from '../verdict/words.ts';

/** Columns of a terminal. */
const WIDTH = 80;

/** Maximum characters of one text: the longest is a sentence that lists names of 253 characters. */
const MAX_TEXT = 4_000;

/**
 * The text in lines of at most 80 characters, the first indented by `first` spaces, the others by
 * `rest`.
 */
export function paragraph(text: string, first = 0, rest = first): string[] {
  const lines: string[] = [];
  let line = ' '.repeat(first);
  let isEmpty = true;
  for (const word of wordsOf(text, WIDTH - Math.max(first, rest))) {
    if (!isEmpty && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = ' '.repeat(rest);
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return isEmpty ? lines : [...lines, line];
}

/** The words of a text, with those longer than a line in pieces. */
function wordsOf(text: string, longest: number): string[] {
  return printable(text, MAX_TEXT)
    .split(' ')
    .flatMap((word) => (word.length <= longest ? word : piecesOf(word, longest)))
    .filter((word) => word !== '');
}

function piecesOf(word: string, longest: number): string[] {
  const pieces = [''];
  for (const character of word) {
    const last = pieces.at(-1) ?? '';
    if (last.length + character.length > longest) pieces.push(character);
    else pieces[pieces.length - 1] = `${last}${character}`;
  }
  return pieces;
}

/**
 * Lays out rows in columns, the first left-aligned and the others right-aligned, without trailing
 * blanks.
 */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column === 0 ? cell.padEnd(width) : cell.padStart(width);
      })
      .join('  ')
      .trimEnd(),
  );
}

/**
 * A name for a column: at most `most` characters, cut in the middle, since names differ at their
 * ends.
 */
export function short(name: string, most: number): string {
  const text = printable(name, MAX_TEXT);
  if (text.length <= most) return text;
  const end = Math.floor((most - 2) / 2);
  return `${text.slice(0, most - 2 - end)}..${text.slice(-end)}`;
}

type LinesOf<T> = (item: T) => string[];

/** The lines of the first items, with a step for each, and how many more there are. */
export function* firstSteps<T>(
  items: readonly T[],
  most: number,
  linesOf: LinesOf<T>,
): Steps<string[]> {
  const lines = yield* mapSteps(items.slice(0, most), linesOf);
  const more = items.length - most;
  return [...lines.flat(), ...(more > 0 ? [`and ${whole(more)} more`] : [])];
}

/** `firstSteps()` all at once, for items that take little time. */
export function firstOf<T>(items: readonly T[], most: number, linesOf: LinesOf<T>): string[] {
  return finish(firstSteps(items, most, linesOf));
}
