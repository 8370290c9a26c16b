/** The longest name that fits into a column, in characters. */
const MAX_WIDTH = 14;

/**
 * Shortens long names by what all names begin and end with, up to a dot or dash: cloud providers'
 * names differ only in the middle. The returned function leaves any other name as it is.
 */
export function shortNames(names: readonly string[]): (name: string) => string {
  if (names.length < 2 || names.every(({ length }) => length <= MAX_WIDTH)) return (name) => name;
  const start = /^.*[.-]/.exec(commonStart(names))?.[0].length ?? 0;
  const ends = names.map((name) => reverse(name.slice(start)));
  const end = /^.*[.-]/.exec(commonStart(ends))?.[0].length ?? 0;
  const known = new Set(names);
  return (name) => (known.has(name) ? name.slice(start, name.length - end) || name : name);
}

function commonStart(names: readonly string[]): string {
  let common = names[0] ?? '';
  for (const name of names) {
    let length = 0;
    while (length < common.length && common[length] === name[length]) length++;
    common = common.slice(0, length);
  }
  return common;
}

function reverse(text: string): string {
  return [...text].reverse().join('');
}
