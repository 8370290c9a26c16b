/**
 * Control and format characters (C0, DEL, C1, directional ones), line and paragraph separators, and
 * other invisible characters: blank letters, variation selectors, tags.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800]+/gu;

/**
 * Marks above and below a letter, from the fifth on: they cover adjacent lines, and no script needs
 * more than four.
 */
const STACKED = /([\p{Mn}\p{Me}]{4})[\p{Mn}\p{Me}]+/gu;

/**
 * Makes a text from the network safe for a log, an error or a page: cuts it to `limit` characters
 * (UTF-16 code units), and replaces each run of control or invisible characters, and of excess
 * marks, with a space, so that it cannot control a terminal, start a line or hide anything.
 */
export function printable(text: string, limit: number): string {
  const shown = text.length > limit ? copyOf(text.slice(0, limit)) : text.toWellFormed();
  return shown.replace(UNPRINTABLE, ' ').replace(STACKED, '$1 ');
}

/**
 * Copies the text as well-formed Unicode. A slice in V8 refers to the whole text, a megabyte for
 * example, and keeps it in memory.
 */
export function copyOf(slice: string): string {
  return Buffer.from(slice).toString();
}
