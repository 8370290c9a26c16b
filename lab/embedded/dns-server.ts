import type { Socket as DatagramSocket } from 'node:dgram';
import { isIP, isIPv4, type Server, type Socket } from 'node:net';
import {
  AUTHORITATIVE_ANSWER,
  type DecodedPacket,
  decode,
  encode,
  type Packet,
  RECURSION_AVAILABLE,
  RECURSION_DESIRED,
  streamEncode,
  TRUNCATED_RESPONSE,
} from 'dns-packet';
import type { DnsFault } from '../parts/faults.ts';
import { listenOnBoth } from '../support/listen-on-both.ts';

type Answered = Packet & { flags: number };

/** Seconds that a client may cache an answer. */
const TTL = 5;
/**
 * RFC 1035, 4.2.1: the maximum size of a UDP message. EDNS(0) (RFC 6891), which would allow more,
 * is not supported.
 */
const MAX_UDP_BYTES = 512;
/** RFC 1035, 4.1.1. */
const SERVFAIL = 2;
const NXDOMAIN = 3;
const MAX_KEPT_QUERIES = 1_000;
/** Idle timeout of a TCP connection (RFC 7766, 6.2.3). */
const IDLE_MS = 60_000;
/** A client with more unread bytes is disconnected. */
const MAX_UNREAD_BYTES = 1 << 20;

/** A name server on UDP and TCP that knows a handful of A and AAAA records, and can be broken. */
export class DnsServer {
  readonly address: string;
  readonly port: number;
  readonly #datagrams: DatagramSocket;
  readonly #listener: Server;
  readonly #connections = new Set<Socket>();
  readonly #records = new Map<string, readonly string[]>();
  readonly #queries: { name: string; type: string }[] = [];
  #fault: { kind: DnsFault; names: ReadonlySet<string> | undefined } | undefined;

  private constructor(address: string, datagrams: DatagramSocket, listener: Server) {
    this.address = address;
    this.port = datagrams.address().port;
    this.#datagrams = datagrams;
    this.#listener = listener;
    datagrams.on('message', (message, client) => {
      const answer = this.#answer(message);
      if (answer) datagrams.send(datagramOf(answer), client.port, client.address, () => {});
    });
    datagrams.on('error', () => {});
    listener.on('connection', (socket) => this.#converse(socket));
  }

  /**
   * Listens immediately. `records`: name → its IPv4 and IPv6 addresses. Port 0 picks one that is
   * free for both protocols. Rejects if it cannot listen, and with TypeError if an address is
   * invalid.
   */
  static async start(options: {
    address: string;
    port: number;
    records: Record<string, readonly string[]>;
  }): Promise<DnsServer> {
    const [datagrams, listener] = await listenOnBoth(options.address, options.port);
    const server = new DnsServer(options.address, datagrams, listener);
    try {
      for (const [name, addresses] of Object.entries(options.records)) {
        server.setRecord(name, addresses);
      }
    } catch (error) {
      await server.close();
      throw error;
    }
    return server;
  }

  /** The last 1,000 queries, including those without a response; names in lower case. */
  get queries(): readonly { name: string; type: string }[] {
    return this.#queries;
  }

  /**
   * Replaces the name's addresses. With none, the name exists but has no address. Throws TypeError
   * if one is not an IP address.
   */
  setRecord(name: string, addresses: readonly string[]): void {
    const wrong = addresses.find((address) => !isIP(address));
    if (wrong !== undefined) throw new TypeError(`no IP address: ${wrong}`);
    this.#records.set(canonical(name), [...addresses]);
  }

  /**
   * Replaces the current fault; `undefined` heals. `names`: affects only queries for these
   * (default: all).
   */
  break(fault: DnsFault | undefined, names?: readonly string[]): void {
    this.#fault = fault && { kind: fault, names: names && new Set(names.map(canonical)) };
  }

  /** Stops listening and cuts the open connections. */
  async close(): Promise<void> {
    for (const socket of this.#connections) socket.destroy();
    await Promise.all([
      new Promise<void>((closed) => this.#datagrams.close(closed)),
      new Promise<unknown>((closed) => this.#listener.close(closed)),
    ]);
  }

  /** Over TCP, each message is preceded by its length in two bytes (RFC 1035, 4.2.2). */
  #converse(socket: Socket): void {
    this.#connections.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => this.#connections.delete(socket));
    socket.setTimeout(IDLE_MS, () => socket.destroy());
    let received: Buffer = Buffer.alloc(0);
    socket.on('data', (bytes: Buffer) => {
      received = Buffer.concat([received, bytes]);
      while (received.length >= 2) {
        const end = 2 + received.readUInt16BE(0);
        if (received.length < end) break;
        const answer = this.#answer(received.subarray(2, end));
        received = received.subarray(end);
        if (answer) socket.write(streamEncode(answer));
      }
      if (socket.writableLength > MAX_UNREAD_BYTES) socket.destroy();
    });
  }

  /** Undefined: no response is sent. */
  #answer(message: Buffer): Answered | undefined {
    const query = parse(message);
    const question = query?.questions?.[0];
    if (query?.type !== 'query' || question === undefined) return undefined;
    const name = canonical(question.name);
    this.#queries.push({ name, type: question.type });
    if (this.#queries.length > MAX_KEPT_QUERIES) this.#queries.shift();

    const hit = !this.#fault?.names || this.#fault.names.has(name);
    const fault = hit ? this.#fault?.kind : undefined;
    if (fault === 'silent') return undefined;
    const addresses = fault ? undefined : this.#records.get(name);
    const failure = fault === 'servfail' ? SERVFAIL : NXDOMAIN;
    return {
      type: 'response',
      id: query.id,
      flags:
        AUTHORITATIVE_ANSWER |
        RECURSION_AVAILABLE |
        ((query.flags ?? 0) & RECURSION_DESIRED) |
        (addresses ? 0 : failure),
      questions: [question],
      answers: (addresses ?? [])
        .map((data) => ({ type: isIPv4(data) ? 'A' : 'AAAA', data }) as const)
        .filter(({ type }) => type === question.type)
        .map(({ type, data }) => ({ type, name: question.name, ttl: TTL, data })),
    };
  }
}

/**
 * An answer too long for a datagram is marked as truncated, so that the client retries over TCP.
 */
function datagramOf(answer: Answered): Buffer {
  const whole = encode(answer);
  if (whole.length <= MAX_UDP_BYTES) return whole;
  return encode({ ...answer, flags: answer.flags | TRUNCATED_RESPONSE, answers: [] });
}

/** Undefined for a message that cannot be parsed, which is ignored. */
function parse(message: Buffer): DecodedPacket | undefined {
  try {
    return decode(message);
  } catch {
    return undefined;
  }
}

function canonical(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}
