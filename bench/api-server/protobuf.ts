/**
 * The first length-delimited field of this number (at most 15) in a protobuf message; empty if
 * there is none.
 */
export function field(message: Buffer, number: number): Buffer {
  let at = 0;
  while (at < message.length) {
    const key = message[at] ?? 0;
    at++;
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = message[at] ?? 0;
      at++;
      value += (byte & 127) * shift;
      if (byte < 128) break;
    }
    // Kubernetes uses only varints and length-delimited fields here.
    if ((key & 7) !== 2) continue;
    if (key >> 3 === number) return message.subarray(at, at + value);
    at += value;
  }
  return Buffer.alloc(0);
}
