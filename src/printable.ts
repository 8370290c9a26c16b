/**
 * Control and format characters (C0, DEL, C1, those of direction), separators of lines and paragraphs, and what is invisible
 * beside them: letters without a shape, variation selectors, tags.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]+/gu;

/** Marks above and below a letter, from the fifth on: they cover the lines beside it, and no script needs more than four. */
const STACKED = /([\p{Mn}\p{Me}]{4})[\p{Mn}\p{Me}]+/gu;

/**
 * A text from the network as it may go into a log, an error or a page: at most `limit` characters of it (UTF-16 code
 * units), with a space in the place of each run of control or invisible characters and of too many marks, so that it moves
 * no terminal, starts no line, and hides nothing.
 */
export function printable(text: string, limit: number): string {
  const shown = text.length > limit ? copyOf(text.slice(0, limit)) : text.toWellFormed();
  return shown.replace(UNPRINTABLE, ' ').replace(STACKED, '$1 ');
}

/**
 * The text as well-formed Unicode, in memory of its own. V8 makes a slice that refers to the whole text, of a megabyte for
 * example, and keeps it.
 */
export function copyOf(slice: string): string {
  return Buffer.from(slice).toString();
}
