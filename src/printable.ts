/** Control and format characters (C0, DEL, C1, those of direction), and separators of lines and paragraphs. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu;

/**
 * A text from the network as it may go into a log, an error or a page: at most `limit` characters of it (UTF-16 code
 * units), with a space in the place of each run of control characters, so that it moves no terminal and starts no line.
 */
export function printable(text: string, limit: number): string {
  const shown = text.length > limit ? copy(text.slice(0, limit)) : text.toWellFormed();
  return shown.replace(UNPRINTABLE, ' ');
}

/** The text as well-formed Unicode. V8 makes a slice that refers to the whole text, of a megabyte for example, and keeps it. */
function copy(slice: string): string {
  return Buffer.from(slice).toString();
}
