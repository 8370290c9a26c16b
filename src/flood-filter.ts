import type { Server } from 'node:net';
import { createDropPackets } from './drop-packets.ts';
import {
  AF_INET,
  descriptor,
  loadSocketOptions,
  SOCKADDR_IN6_BYTES,
  SOL_SOCKET,
  type SocketOptions,
} from './socket-options.ts';

/**
 * A flood is this many connections within this many milliseconds: they take 20 ms to accept, and
 * with 1,500 per second, each with requests, the program's own checks took up to three times as
 * long (measured).
 */
const WINDOW_MS = 500;
const FLOOD = 500;

/**
 * An address with this many connections takes part in the flood. Kubelet has two at once, and each
 * of a hundred equal attackers five.
 */
const SHARE = 4;

/**
 * How long SYNs of such an address are dropped, in milliseconds. A flood then takes 30 ms of every
 * ten seconds (measured).
 */
const BLOCK_MS = 10_000;

/**
 * Maximum number of addresses blocked at once. Any kernel's limit has room for this many IPv6
 * addresses (`net.core.optmem_max`, 20 KB on older ones).
 */
const MAX_BLOCKED = 120;

/** How many addresses a log line names. */
const MAX_NAMED = 5;

const SO_PEERNAME = 28;

const SOCKADDR_IN_BYTES = 16;

/** Call with each accepted connection. Returns whether its address is blocked. */
export type FloodLook = (accepted: number) => boolean;

/** Watches a listening server until it is closed. */
export type FloodFilter = (server: Server) => FloodLook;

/**
 * Makes filters for floods of connections. The kernel completes connections faster than any program
 * accepts them, 30,000 per second for one client. They wait in order of arrival, a neighbour's
 * among them, and once the kernel's queue is full, it drops SYNs, which clients repeat after a
 * second. Nobody can forge an address to have it blocked: only completed connections count.
 * `onFlood` gets a sentence that names the addresses. Rejects if socket options cannot be set.
 */
export async function createFloodFilter(
  onFlood: (sentence: string) => void,
  { windowMs = WINDOW_MS, blockMs = BLOCK_MS } = {},
): Promise<FloodFilter> {
  const peerOf = peerReader(await loadSocketOptions());
  const createDrop = await createDropPackets();

  return (server) => {
    const drop = createDrop();
    const listening = () => descriptor(server) ?? -1;
    server.once('close', () => drop(listening(), new Set()));
    const blocked = new Set<string>();
    const byPeer = new Map<string, number>();
    let since = 0;
    let count = 0;

    const block = (addresses: readonly string[]) => {
      if (addresses.length === 0) return;
      for (const each of addresses) blocked.add(each);
      const isDropped = drop(listening(), blocked);
      const what = isDropped ? `are dropped for ${blockMs / 1_000} s` : 'cannot be dropped';
      onFlood(`packets from ${named(addresses)} ${what}`);
      setTimeout(() => {
        for (const each of addresses) blocked.delete(each);
        drop(listening(), blocked);
      }, blockMs).unref();
    };
    const begin = (now: number) => {
      since = now;
      count = 0;
      byPeer.clear();
    };
    return (accepted) => {
      const now = performance.now();
      if (now - since > windowMs) begin(now);
      count += 1;
      const peer = peerOf(accepted);
      if (peer === undefined) return false;
      if (blocked.has(peer)) return true;
      byPeer.set(peer, (byPeer.get(peer) ?? 0) + 1);
      if (count < FLOOD) return false;
      const flooding = byPeer
        .keys()
        .filter((each) => (byPeer.get(each) ?? 0) >= SHARE && !blocked.has(each));
      block([...flooding.take(MAX_BLOCKED - blocked.size)]);
      begin(now);
      return false;
    };
  };
}

function named(addresses: readonly string[]): string {
  const texts = addresses.slice(0, MAX_NAMED).map(textOf).join(', ');
  const more = addresses.length - MAX_NAMED;
  return more > 0 ? `${texts} and ${more} more` : texts;
}

function textOf(address: string): string {
  const bytes = Buffer.from(address, 'latin1');
  if (bytes.length === 4) return bytes.join('.');
  return bytes.toString('hex').replaceAll(/.{4}(?!$)/g, '$&:');
}

/**
 * Makes a function that returns the 4 or 16 bytes of a peer's address, even if the peer has reset
 * the connection.
 */
function peerReader({ getsockopt, getRawPointer }: SocketOptions) {
  const memory = Buffer.from(new ArrayBuffer(SOCKADDR_IN6_BYTES));
  const family = new Uint16Array(memory.buffer, 0, 1);
  const length = new Uint32Array(1);
  const memoryAt = getRawPointer(memory.buffer);
  const lengthAt = getRawPointer(length.buffer);
  const read = (fd: number, bytes: number) => {
    length[0] = bytes;
    return getsockopt(fd, SOL_SOCKET, SO_PEERNAME, memoryAt, lengthAt) === 0;
  };
  return (fd: number): string | undefined => {
    // The kernel rejects a size larger than that of the address, so the larger one is tried first.
    if (!read(fd, SOCKADDR_IN6_BYTES) && !read(fd, SOCKADDR_IN_BYTES)) return undefined;
    if (family[0] === AF_INET) return memory.toString('latin1', 4, 8);
    // An IPv4 address over an IPv6 socket (RFC 4291, section 2.5.5.2).
    const isMapped = memory.toString('hex', 8, 20) === '00000000000000000000ffff';
    return memory.toString('latin1', isMapped ? 20 : 8, 24);
  };
}
