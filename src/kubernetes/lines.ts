const NEWLINE = 0x0a;

/** The lines of a stream of bytes, without their ends; a last line that breaks off is left out. Throws at one longer than `most` bytes. */
export async function* readLines(
  stream: AsyncIterable<Buffer>,
  most: number,
): AsyncGenerator<string> {
  let begun: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream) {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(NEWLINE, start);
      const part = chunk.subarray(start, end === -1 ? undefined : end);
      length += part.length;
      if (length > most) throw new Error(`a line exceeds ${most} bytes`);
      begun.push(part);
      if (end === -1) break;
      yield Buffer.concat(begun).toString();
      begun = [];
      length = 0;
      start = end + 1;
    }
  }
}
