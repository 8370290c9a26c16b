import { createSocket, type Socket } from 'node:dgram';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { stampReply, toReply } from '../../src/stamp/packets.ts';
import { startReflector } from '../../src/stamp/reflector.ts';
import { runSession, STRIDE } from '../../src/stamp/sender.ts';
import { sessionStatistics } from '../../src/stamp/statistics.ts';
import { currentTime } from '../../src/stamp/timestamp.ts';
import { type Treatment, udpProxy } from '../support/udp-proxy.ts';

const NEVER = new AbortController().signal;
const DROP = { copies: 0 };
/** As the kernel reports an ICMP message. */
const REFUSED = Object.assign(new Error('recvmsg ECONNREFUSED'), { code: 'ECONNREFUSED' });

type Treat = (index: number, length: number) => Treatment | undefined;

/** The result of a session with a reflector behind a proxy that treats packets this way. */
async function session(treatments: Readonly<{ forward?: Treat; backward?: Treat }> = {}) {
  const { port, close } = await startReflector({
    ...{ address: '127.0.0.1', port: 0 },
    onError: (error) => expect.fail(error.message),
  });
  onTestFinished(() => close());
  const result = await runSession('127.0.0.1', await udpProxy(port, treatments), NEVER);
  const statistics = sessionStatistics(result.sent, result.replies, {
    ...{ isStateful: true, stride: STRIDE },
  });
  return { ...result, ...statistics };
}

/** Treats the packets at these positions in the order of their direction. */
function at(indexes: readonly number[], treatment: Treatment): Treat {
  return (index) => (indexes.includes(index) ? treatment : undefined);
}

test('a session has ten packets, five of them full-size, and a round trip for each', async () => {
  const lengths: number[] = [];
  const found = await session({
    forward: (_index, length) => {
      lengths.push(length);
      return undefined;
    },
  });
  expect(found).toMatchObject({ sent: 10, error: undefined, duplicated: 0, reordered: 0 });
  expect(found.lost).toEqual({ forward: 0, backward: 0, unknown: 0 });
  expect(lengths).toEqual([1_472, 44, 1_472, 44, 1_472, 44, 1_472, 44, 1_472, 44]);
  expect(found.fullSize).toBe(1_500);
  expect(found.rtts).toHaveLength(10);
  for (const rtt of found.rtts) expect(rtt).toBeGreaterThan(0);
});

test.each([
  ['requests', { forward: at([2, 3], DROP) }, { forward: 2, backward: 0, unknown: 0 }],
  ['replies', { backward: at([2, 3], DROP) }, { forward: 0, backward: 2, unknown: 0 }],
  [
    'both',
    { forward: at([1], DROP), backward: at([4, 5], DROP) },
    { forward: 1, backward: 2, unknown: 0 },
  ],
])('a session finds that %s are lost', async (_what, treatments, lost) => {
  expect(await session(treatments)).toMatchObject({ sent: 10, lost });
});

test.each([
  ['requests', { forward: at([7, 8, 9, 10], DROP) }, { forward: 4, backward: 0, unknown: 0 }],
  ['replies', { backward: at([7, 8, 9, 10], DROP) }, { forward: 0, backward: 4, unknown: 0 }],
])(
  'a session whose last %s are lost sends further packets to learn the direction',
  async (_what, treatments, lost) => {
    expect(await session(treatments)).toMatchObject({ sent: 12, lost });
  },
);

test('a session whose path breaks in the middle does not know the direction', async () => {
  const found = await session({ forward: (index) => (index > 4 ? DROP : undefined) });
  expect(found).toMatchObject({ sent: 15, lost: { forward: 0, backward: 0, unknown: 10 } });
});

test('a session without a reply sends no further packets', async () => {
  const found = await session({ forward: () => DROP });
  expect(found).toMatchObject({
    sent: 10,
    replies: [],
    lost: { forward: 0, backward: 0, unknown: 10 },
  });
});

test('a session counts duplicates of requests and of replies', async () => {
  const twice = { copies: 2 };
  const found = await session({ forward: at([1], twice), backward: at([5], twice) });
  expect(found.duplicated).toBe(2);
  expect(found.lost).toEqual({ forward: 0, backward: 0, unknown: 0 });
});

test('a session counts packets that others overtake, and includes their delay', async () => {
  const found = await session({ forward: at([3], { delayMs: 300 }) });
  expect(found.reordered).toBe(1);
  expect(found.lost).toEqual({ forward: 0, backward: 0, unknown: 0 });
  expect(Math.max(...found.rtts)).toBeGreaterThan(0.299);
  expect(found.jitter).toBeGreaterThan(0.02);
});

test('a session finds that only full-size packets are lost', async () => {
  const forward: Treat = (_index, length) => (length > 1_000 ? DROP : undefined);
  const found = await session({ forward });
  expect(found.losesFullSize).toBe(true);
  expect((await session({ forward: at([0, 2, 4, 6], DROP) })).losesFullSize).toBe(false);
});

test('round trips do not include the time of the reflector', async () => {
  // A reflector that holds each packet for 200 ms, as its timestamps say.
  const slow = createSocket('udp4');
  onTestFinished(() => void slow.close());
  slow.bind(0, '127.0.0.1');
  await once(slow, 'listening');
  let replies = 0;
  slow.on('message', (packet, { port }) => {
    toReply(packet, replies++, currentTime());
    setTimeout(() => {
      stampReply(packet, currentTime());
      slow.send(packet, port, '127.0.0.1');
    }, 200);
  });
  const { replies: received } = await runSession('127.0.0.1', slow.address().port, NEVER);
  expect(received).toHaveLength(10);
  expect(Math.min(...received.map(({ rtt }) => rtt))).toBeLessThan(0.1);
});

/**
 * A reflector that claims to have held each packet for `heldSeconds`, and replies to it in each of
 * this many turns of the event loop. Returns its port.
 */
async function hostileReflector(heldSeconds: number, turns: number): Promise<number> {
  const reflector = createSocket('udp4');
  let isOpen = true;
  onTestFinished(() => {
    isOpen = false;
    reflector.close();
  });
  reflector.bind(0, '127.0.0.1');
  await once(reflector, 'listening');
  let sequence = 0;
  reflector.on('message', (packet, { port }) => {
    toReply(packet, sequence++, currentTime());
    stampReply(packet, currentTime() + heldSeconds);
    const reply = (left: number) => {
      if (left === 0 || !isOpen) return;
      reflector.send(packet, port, '127.0.0.1');
      setImmediate(reply, left - 1);
    };
    reply(turns);
  });
  return reflector.address().port;
}

test.each([-1e9, -1, 1, 1e9])(
  'a round trip is between 0 and the time until the reply if a reflector claims to have held it for %s s',
  async (heldSeconds) => {
    const start = performance.now();
    const port = await hostileReflector(heldSeconds, 1);
    const { replies } = await runSession('127.0.0.1', port, NEVER);
    const seconds = (performance.now() - start) / 1_000;
    expect(replies).toHaveLength(10);
    for (const { rtt } of replies) {
      expect(rtt).toBeGreaterThanOrEqual(0);
      expect(rtt).toBeLessThan(seconds);
    }
  },
);

test('a session ends after a thousand packets', async () => {
  const port = await hostileReflector(0, 10_000);
  const { replies, error } = await runSession('127.0.0.1', port, NEVER);
  expect(error?.message).toBe('received 1000 packets');
  expect(replies).toHaveLength(999);
});

test('a session ignores packets that do not repeat its timestamps', async () => {
  const liar = createSocket('udp4');
  onTestFinished(() => void liar.close());
  liar.bind(0, '127.0.0.1');
  await once(liar, 'listening');
  liar.on('message', (packet, { port }) => {
    liar.send(Buffer.alloc(44), port, '127.0.0.1');
    liar.send(packet.subarray(0, 20), port, '127.0.0.1');
  });
  const { replies } = await runSession('127.0.0.1', liar.address().port, NEVER);
  expect(replies).toEqual([]);
});

test('a session with a closed port ends at once, with the error', async () => {
  const closed = createSocket('udp4');
  closed.bind(0, '127.0.0.1');
  await once(closed, 'listening');
  const { port } = closed.address();
  closed.close();
  const { sent, error } = await runSession('127.0.0.1', port, NEVER);
  expect(error).toMatchObject({ code: 'ECONNREFUSED' });
  expect(sent).toBeLessThan(10);
});

test.each([
  { what: 'one message before a reply', event: 'connect', messages: 1 },
  { what: 'five messages after a reply', event: 'message', messages: 5 },
])('a session survives $what that the port is closed: anybody can send it', async (given) => {
  const onError = (error: Error) => expect.fail(error.message);
  const { port, close } = await startReflector({ address: '127.0.0.1', port: 0, onError });
  onTestFinished(() => close());
  const onSocket = (created: unknown) => {
    const { socket } = created as { socket: Socket };
    socket.once(given.event, () => {
      setImmediate(() => {
        for (let i = 0; i < given.messages; i++) socket.emit('error', REFUSED);
      });
    });
  };
  subscribe('udp.socket', onSocket);
  onTestFinished(() => void unsubscribe('udp.socket', onSocket));
  const { replies, sent } = await runSession('127.0.0.1', port, NEVER);
  expect({ sent, replies: replies.length }).toEqual({ sent: 10, replies: 10 });
});

test('a session rejects as soon as the signal aborts', async () => {
  const { port, close } = await startReflector({
    address: '127.0.0.1',
    port: 0,
    onError: () => {},
  });
  onTestFinished(() => close());
  const reason = new Error('stop');
  await expect(runSession('127.0.0.1', port, AbortSignal.abort(reason))).rejects.toBe(reason);
  const stop = new AbortController();
  const running = runSession('127.0.0.1', port, stop.signal);
  setTimeout(() => stop.abort(reason), 30);
  await expect(running).rejects.toBe(reason);
});
