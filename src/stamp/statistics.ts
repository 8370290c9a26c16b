import type { UdpCounts } from '../model.ts';

/** A reply that was received. */
export type Received = Readonly<{
  /** The sender's sequence number of the packet, and the reflector's of the reply. */
  senderSequence: number;
  sequence: number;
  /** Round trip in seconds, without the reflector's time. */
  rtt: number;
}>;

/**
 * The statistics of a session of `sent` packets and these replies, in order of arrival.
 * `isStateful`: whether the reflector is known to count its replies; one that does not repeats the
 * sender's sequence numbers. Jitter compares round trips `stride` packets apart, which have the
 * same length.
 */
export function sessionStatistics(
  sent: number,
  replies: readonly Received[],
  { isStateful, stride }: Readonly<{ isStateful: boolean; stride: number }>,
): UdpCounts {
  const rtts = new Map<number, number>();
  let reordered = 0;
  let highest = -1;
  for (const { senderSequence, rtt } of replies) {
    if (rtts.has(senderSequence)) continue;
    rtts.set(senderSequence, rtt);
    if (senderSequence < highest) reordered++;
    highest = Math.max(highest, senderSequence);
  }
  return {
    sent,
    lost: lossByDirection(sent, replies, isStateful),
    duplicated: replies.length - rtts.size,
    reordered,
    rtts: [...rtts.values()],
    jitter: meanDifference(rtts, stride),
  };
}

/**
 * Packets without a reply, by direction: gaps in the reflector's count are lost replies, and the
 * other packets never reached it. For packets sent after the last one with a reply, gaps show
 * nothing.
 */
function lossByDirection(
  sent: number,
  replies: readonly Received[],
  isStateful: boolean,
): UdpCounts['lost'] {
  const answered = new Set(replies.map(({ senderSequence }) => senderSequence));
  const counted = new Set(replies.map(({ sequence }) => sequence));
  const lost = sent - answered.size;
  const reflected = 1 + Math.max(-1, ...counted);
  const hasCounted = replies.some(({ sequence, senderSequence }) => sequence !== senderSequence);
  if (!isStateful && (!hasCounted || reflected > sent)) {
    return { forward: 0, backward: 0, unknown: lost };
  }
  const unknown = sent - 1 - Math.max(-1, ...answered);
  const backward = Math.min(lost - unknown, reflected - counted.size);
  return { forward: lost - unknown - backward, backward, unknown };
}

function meanDifference(rtts: ReadonlyMap<number, number>, stride: number): number | undefined {
  const differences = [...rtts].flatMap(([sequence, rtt]) => {
    const before = rtts.get(sequence - stride);
    return before === undefined ? [] : [Math.abs(rtt - before)];
  });
  if (differences.length === 0) return undefined;
  return differences.reduce((sum, each) => sum + each, 0) / differences.length;
}
