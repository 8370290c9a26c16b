import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';

/** How to treat a packet: how many copies are forwarded, and how many milliseconds later. */
export type Treatment = Readonly<{ copies?: number; delayMs?: number }>;

/** How to treat a direction's packets, by their order and length; undefined: forward unchanged. */
type Treat = (index: number, length: number) => Treatment | undefined;

/**
 * Forwards packets of one client to a port of 127.0.0.1 and back, until the test has finished.
 * Resolves with its own port.
 */
export async function udpProxy(
  target: number,
  treatments: Readonly<{ forward?: Treat; backward?: Treat }>,
): Promise<number> {
  const [front, back] = [createSocket('udp4'), createSocket('udp4')];
  const timers = new Set<NodeJS.Timeout>();
  onTestFinished(() => {
    for (const timer of timers) clearTimeout(timer);
    for (const socket of [front, back]) socket.close();
  });
  front.bind(0, '127.0.0.1');
  back.connect(target, '127.0.0.1');
  await Promise.all([once(front, 'listening'), once(back, 'connect')]);
  let client = 0;
  front.on('message', (_packet, { port }) => {
    client = port;
  });
  const pass = (from: Socket, treat: Treat | undefined, send: (packet: Buffer) => void) => {
    let index = 0;
    from.on('message', (packet: Buffer) => {
      const { copies = 1, delayMs } = treat?.(index++, packet.length) ?? {};
      const sendAll = () => {
        for (let copy = 0; copy < copies; copy++) send(packet);
      };
      if (delayMs === undefined) sendAll();
      else timers.add(setTimeout(sendAll, delayMs));
    });
  };
  pass(front, treatments.forward, (packet) => back.send(packet));
  pass(back, treatments.backward, (packet) => front.send(packet, client, '127.0.0.1'));
  back.on('error', () => {});
  return front.address().port;
}
