import { isTestPacket, sessionOf, stampReply, toReply } from './packets.ts';
import { Sessions } from './sessions.ts';
import { boundSocket } from './socket.ts';
import { currentTime } from './timestamp.ts';

/** The longest packet that is reflected, in octets: a jumbo frame's. */
const MAX_LENGTH = 9_000;

/** A running Session-Reflector, and its port. */
export type Reflector = Readonly<{ port: number; close: () => void }>;

/**
 * Starts a stateful STAMP Session-Reflector in unauthenticated mode (RFC 8762, section 4.3) on all
 * addresses, or one. A session is identified by its source's address and port and its session
 * identifier. The reflector sends nothing but replies, each as long as the packet that it replies
 * to, and a limited number per second (`Sessions`). Rejects if the port is not available.
 */
export async function startReflector(
  options: Readonly<{ address: string | undefined; port: number; onError: (error: Error) => void }>,
): Promise<Reflector> {
  const socket = await boundSocket(options.address, options.port);
  const sessions = new Sessions();
  socket.on('error', options.onError);
  socket.on('message', (packet, { address, port }) => {
    const received = currentTime();
    // A sender with port 0 expects no reply (RFC 768), and `send()` throws for it.
    if (port === 0 || packet.length > MAX_LENGTH || !isTestPacket(packet)) return;
    const session = `${port} ${sessionOf(packet)}`;
    const sequence = sessions.next(address, session, performance.now());
    if (sequence === undefined) return;
    toReply(packet, sequence, received);
    stampReply(packet, currentTime());
    // A reply that cannot be sent is lost like any other.
    socket.send(packet, port, address, () => {});
  });
  return { port: socket.address().port, close: () => socket.close() };
}
