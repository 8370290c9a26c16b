import { expect, test } from 'vitest';
import { type Received, sessionStatistics } from '../../src/stamp/statistics.ts';

const STATEFUL = { isStateful: true, stride: 1 };
const UNKNOWN = { isStateful: false, stride: 1 };

/** Replies, as pairs of sender's and reflector's sequence number, in the order of their arrival. */
function replies(...pairs: readonly (readonly [number, number])[]): Received[] {
  return pairs.map(([senderSequence, sequence]) => ({ senderSequence, sequence, rtt: 0.001 }));
}

function lost(forward: number, backward: number, unknown: number) {
  return { forward, backward, unknown };
}

test.each([
  ['nothing', replies([0, 0], [1, 1], [2, 2], [3, 3]), lost(0, 0, 0)],
  ['a request', replies([0, 0], [2, 1], [3, 2]), lost(1, 0, 0)],
  ['a reply', replies([0, 0], [2, 2], [3, 3]), lost(0, 1, 0)],
  ['a request and a reply', replies([0, 0], [3, 2]), lost(1, 1, 0)],
  ['the first request', replies([1, 0], [2, 1], [3, 2]), lost(1, 0, 0)],
  ['the first reply', replies([1, 1], [2, 2], [3, 3]), lost(0, 1, 0)],
  ['one way of the last packet', replies([0, 0], [1, 1], [2, 2]), lost(0, 0, 1)],
  ['everything, one way or the other', [], lost(0, 0, 4)],
  ['a reply, and the order of the others', replies([3, 3], [0, 0], [2, 2]), lost(0, 1, 0)],
  [
    'one of two replies to a duplicated request',
    replies([0, 0], [1, 2], [2, 3], [3, 4]),
    lost(0, 0, 0),
  ],
])('sessionStatistics() finds that a session of four lost %s', (_what, received, expected) => {
  expect(sessionStatistics(4, received, STATEFUL).lost).toEqual(expected);
});

test.each([
  ['repeats the sequence numbers', replies([0, 0], [3, 3]), lost(0, 0, 2)],
  ['counts', replies([0, 0], [3, 2]), lost(1, 1, 0)],
  ['did not start at 0', replies([0, 700], [3, 702]), lost(0, 0, 2)],
])(
  'sessionStatistics() knows no direction unless a foreign reflector counts: %s',
  (_what, received, expected) => {
    expect(sessionStatistics(4, received, UNKNOWN).lost).toEqual(expected);
  },
);

test('sessionStatistics() counts duplicates, and packets that arrived after a later one', () => {
  const {
    duplicated,
    reordered,
    lost: none,
  } = sessionStatistics(4, replies([0, 0], [2, 2], [1, 1], [1, 1], [1, 3], [3, 4]), STATEFUL);
  expect({ duplicated, reordered, none }).toEqual({
    duplicated: 2,
    reordered: 1,
    none: lost(0, 0, 0),
  });
});

test('sessionStatistics() compares round trips of packets of the same length for jitter', () => {
  const received = [1, 10, 3, 10, 2].map((rtt, sequence) => ({
    senderSequence: sequence,
    sequence,
    rtt,
  }));
  expect(sessionStatistics(5, received, { isStateful: true, stride: 2 })).toMatchObject({
    rtts: [1, 10, 3, 10, 2],
    jitter: 1,
  });
  expect(sessionStatistics(5, received.slice(0, 1), STATEFUL).jitter).toBeUndefined();
});
