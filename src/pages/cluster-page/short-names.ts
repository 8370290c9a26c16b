/** From so many characters on a name is too wide for a column. */
const TOO_WIDE = 14;

/**
 * Names without what all of them begin and end with, up to a dot or dash, where they are long: cloud providers' names
 * differ in the middle alone. The function returns any other name as it is.
 */
export function shortNames(names: readonly string[]): (name: string) => string {
  if (names.length < 2 || names.every(({ length }) => length <= TOO_WIDE)) return (name) => name;
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
