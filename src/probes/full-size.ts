/**
 * The header that pads a request to more than two full segments. A neighbour responds with as many
 * bytes as its value has, so that nobody can make it send more than it was sent.
 */
export const PADDING_HEADER = 'KUBENURSE-PADDING';

/**
 * Payload of a segment if the kernel does not report it: that of Ethernet's MTU of 1,500 over IPv4
 * with timestamps.
 */
const USUAL_MSS = 1_448;

/**
 * Enough for two segments and part of a third at an MTU of 9,000, and less than a server's limit on
 * a request's head.
 */
export const MAX_PADDING = 18_200;

/** Bytes of a small third segment: if only that arrives, the path carries small packets only. */
const THIRD_SEGMENT = 100;

const FILLER = 'x'.repeat(MAX_PADDING);

/** The header's value for a connection whose segments carry `mss` bytes. */
export function padding(mss = USUAL_MSS): string {
  return FILLER.slice(0, 2 * mss + THIRD_SEGMENT);
}
