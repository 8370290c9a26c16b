import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { loadFfi } from '../../src/ffi.ts';
import { encodeTestPacket } from '../../src/stamp/packets.ts';
import { startReflector } from '../../src/stamp/reflector.ts';

const reason = process.getuid?.() === 0 ? undefined : 'raw sockets take root';

const AF_INET = 2;
const SOCK_RAW = 3;
const IPPROTO_UDP = 17;

/**
 * Sends a packet from and to 127.0.0.1, from a port to which no socket can be bound. Throws if the
 * kernel does not send it.
 */
async function sendRaw(payload: Buffer, from: number, to: number): Promise<void> {
  const { dlopen, getRawPointer } = await loadFfi();
  const { functions } = dlopen(null, {
    socket: { arguments: ['i32', 'i32', 'i32'], return: 'i32' },
    sendto: { arguments: ['i32', 'u64', 'u64', 'i32', 'u64', 'u32'], return: 'i64' },
    close: { arguments: ['i32'], return: 'i32' },
  } as const);
  // No checksum, which is optional over IPv4.
  const packet = new Uint8Array([...words(from, to, 8 + payload.length, 0), ...payload]);
  const address = new Uint8Array(16);
  address.set([...new Uint8Array(Uint16Array.of(AF_INET).buffer), 0, 0, 127, 0, 0, 1]);
  const socket = functions.socket(AF_INET, SOCK_RAW, IPPROTO_UDP);
  const [bytes, receiver] = [getRawPointer(packet.buffer), getRawPointer(address.buffer)];
  const sent = functions.sendto(socket, bytes, BigInt(packet.length), 0, receiver, 16);
  functions.close(socket);
  expect(sent).toBe(BigInt(packet.length));
}

/** The bytes of numbers of 16 bits each, in network byte order. */
function words(...numbers: number[]): number[] {
  return numbers.flatMap((number) => [number >> 8, number & 0xff]);
}

test.skipIf(reason !== undefined)(
  `a packet from port 0 does not end the reflector${reason === undefined ? '' : ` (${reason})`}`,
  async () => {
    const onError = (error: Error) => expect.fail(error.message);
    const { port, close } = await startReflector({ address: '127.0.0.1', port: 0, onError });
    onTestFinished(() => close());
    const packet = encodeTestPacket({ sequence: 0, session: 1, timestamp: 0 }, 44);
    await sendRaw(packet, 0, port);

    const socket = createSocket('udp4');
    onTestFinished(() => void socket.close());
    const replied = once(socket, 'message');
    socket.send(packet, port, '127.0.0.1');
    expect(await replied).toHaveLength(2);
  },
);
