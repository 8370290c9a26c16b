import { GrowingBytes } from '../growing-bytes.ts';

const NEWLINE = 0x0a;

/** The lines of a stream of bytes, without their ends; a last line that breaks off is left out. Throws at one longer than `most` bytes. */
export async function* readLines(
  stream: AsyncIterable<Buffer>,
  most: number,
): AsyncGenerator<string> {
  let line = new GrowingBytes();
  for await (const chunk of stream) {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(NEWLINE, start);
      const part = chunk.subarray(start, end === -1 ? undefined : end);
      if (line.length + part.length > most) throw new Error(`a line exceeds ${most} bytes`);
      line.add(part);
      if (end === -1) break;
      yield line.bytes().toString();
      line = new GrowingBytes();
      start = end + 1;
    }
  }
}
