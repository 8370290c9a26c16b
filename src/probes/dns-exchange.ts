import { randomInt } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Signal } from '../model.ts';
import { connectedSocket } from '../stamp/socket.ts';
import type { CheckClock } from './check-clock.ts';
import { dial } from './dial.ts';
import { type DnsResponse, encodeQuery, readResponse } from './dns-message.ts';
import type { RecordType } from './dns-question.ts';

export type Transport = 'udp' | 'tcp';

/** The address and port of a name server. */
export type NameServer = Readonly<{ address: string; port: number }>;

/** Reads `address`, `address:port` or `[address]:port`. */
export function readNameServer(text: string): NameServer {
  const [, six, four, port = '53'] = /^(?:\[(.+)\]|([^:]+)):(\d+)$/.exec(text) ?? [];
  return { address: six ?? four ?? text, port: Number(port) };
}

/** `seconds`: from the first packet until the response was received. */
export type Exchange = Readonly<{ response: DnsResponse; seconds: number }>;

/** A query. `retryMs`: milliseconds after which it is sent again over UDP; undefined: never. */
export type Query = Readonly<{ name: string; type: RecordType; retryMs?: number }>;

/** The `retryMs` of a check: one lost packet is not a failure. */
export const RETRY_MS = 1_000;

/** A name server has failed after this many packets that are not a response to the query. */
const MAX_INVALID = 100;

/**
 * By transport: sends a query with a random id from a random port, and receives the response.
 * Rejects with the kernel's error, with an error that describes what was received instead, or with
 * the signal's reason, and leaves no socket open. `clock` measures the time.
 */
export const EXCHANGES: Readonly<
  Record<
    Transport,
    (server: NameServer, query: Query, signal: Signal, clock: CheckClock) => Promise<Exchange>
  >
> = { udp: overUdp, tcp: overTcp };

/** The response over UDP, or over TCP if that one is truncated. Rejects as `EXCHANGES` do. */
export async function exchange(
  server: NameServer,
  query: Query,
  signal: Signal,
  clock: CheckClock,
): Promise<DnsResponse> {
  const { response } = await overUdp(server, query, signal, clock);
  return response.isTruncated ? (await overTcp(server, query, signal, clock)).response : response;
}

async function overUdp(
  { address, port }: NameServer,
  { name, type, retryMs }: Query,
  signal: Signal,
  clock: CheckClock,
): Promise<Exchange> {
  const query = encodeQuery(randomId(), { name, type });
  const socket = await connectedSocket(address, port);
  let again: NodeJS.Timeout | undefined;
  try {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<DnsResponse>();
    let invalid = 0;
    let isRefused = false;
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // The first proves nothing: the kernel accepts it from anybody who guesses the source port.
      if (isRefused || error.code !== 'ECONNREFUSED') return reject(error);
      isRefused = true;
      socket.send(query);
    });
    socket.on('message', (message) => {
      const response = readResponse(message, query);
      if (response !== undefined) {
        clock.received();
        return resolve(response);
      }
      clock.reading(socket);
      if (++invalid === MAX_INVALID) reject(invalidResponse());
    });
    const abort = () => reject(invalid > 0 ? invalidResponse() : signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    const start = clock.now();
    clock.reading(socket);
    socket.send(query);
    if (retryMs !== undefined) again = setTimeout(() => socket.send(query), retryMs);
    const response = await promise;
    return { response, seconds: (clock.now() - start) / 1000 };
  } finally {
    clearTimeout(again);
    socket.close();
  }
}

async function overTcp(
  { address, port }: NameServer,
  { name, type }: Query,
  signal: Signal,
  clock: CheckClock,
): Promise<Exchange> {
  const query = encodeQuery(randomId(), { name, type });
  const start = clock.now();
  const socket = await dial([address], port, signal, {
    onAttempt: (it) => clock.connecting(it),
    onConnect: (it) => clock.connected(it),
  });
  try {
    const message = firstMessage(socket, signal);
    socket.write(withLength(query));
    const response = readResponse(await message, query);
    clock.received();
    if (response === undefined) throw invalidResponse();
    return { response, seconds: (clock.now() - start) / 1000 };
  } finally {
    socket.destroy();
  }
}

/** The message as sent over TCP, after its length (RFC 1035, 4.2.2). */
function withLength(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}

/** The first message over TCP, at most 65,535 bytes. Rejects if the connection ends first. */
function firstMessage(socket: Socket, signal: Signal): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  let length: number | undefined;
  socket.on('error', reject);
  socket.on('close', () => reject(new Error('connection closed before the response')));
  signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  socket.on('readable', () => {
    length ??= read(socket, 2)?.readUInt16BE();
    const message = length === undefined ? undefined : read(socket, length);
    if (message !== undefined) resolve(message);
  });
  return promise;
}

/** Reads `length` bytes; undefined until they have arrived, and if the stream ends with fewer. */
function read(socket: Socket, length: number): Buffer | undefined {
  const bytes: Buffer | null = length === 0 ? Buffer.alloc(0) : socket.read(length);
  return bytes?.length === length ? bytes : undefined;
}

function randomId(): number {
  return randomInt(2 ** 16);
}

function invalidResponse(): Error {
  return new Error('invalid response: it does not match the query');
}
