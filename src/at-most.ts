/** Whether text has at most `most` of these characters in total. Stops searching beyond that. */
export function hasAtMost(text: string | Buffer, characters: string, most: number): boolean {
  if (text.length <= most) return true;
  let left = most;
  for (const character of characters) {
    for (let at = text.indexOf(character); at >= 0; at = text.indexOf(character, at + 1)) {
      left -= 1;
      if (left < 0) return false;
    }
  }
  return true;
}
