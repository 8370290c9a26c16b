/**
 * The header that pads a request to more than two full segments, and has a neighbour respond with as many bytes as its
 * value: nobody can be made to send more than was sent.
 */
export const PADDING_HEADER = 'KUBENURSE-PADDING';

/** Payload of a segment where the kernel does not say it: of Ethernet's MTU of 1,500 over IPv4 with timestamps. */
const USUAL_MSS = 1_448;

/** Enough for two segments and a part of a third at an MTU of 9,000, and less than a server's limit on a request's head. */
export const MAX_PADDING = 18_200;

/** What makes a third segment, which is small: where that alone arrives, the path carries small packets only. */
const THIRD_SEGMENT = 100;

const FILLER = 'x'.repeat(MAX_PADDING);

/** The header's value for a connection whose segments carry `mss` bytes. */
export function padding(mss = USUAL_MSS): string {
  return FILLER.slice(0, 2 * mss + THIRD_SEGMENT);
}
