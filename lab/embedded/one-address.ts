import { once } from 'node:events';
import { createServer, isIPv4, Server, Socket } from 'node:net';
import type { Backend } from '../parts/parts.ts';

/*
 * For a machine whose loopback interface has only one address, such as macOS: all addresses of a
 * layout map to 127.0.0.1, each to a separate port. The API server's objects, URLs and results keep
 * the original addresses. Only sockets are redirected, in this process and, by a preload, in those
 * of the pods.
 */

const ONE_ADDRESS = '127.0.0.1';
/** The ports of a layout (layout.ts). Others stay the same at the one address. */
const PORTS: ReadonlySet<number> = new Set([6443, 8080, 8443]);
/** Below 32768 and 49152, where the ephemeral ports of Linux and macOS start. */
const FIRST_PORT = 20_000;
/** The layout's blocks: pods at 1 and 51, their programs at 101 and 151 (of up to 250 nodes). */
const BLOCK_SPACING = 50;

let isInstalled = false;

/** Whether no interface has this address. Rejects if listening on it fails for another reason. */
export async function isMissing(address: string): Promise<boolean> {
  const server = createServer();
  try {
    server.listen({ host: address, port: 0 });
    await once(server, 'listening');
    server.close();
    return false;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRNOTAVAIL') return true;
    throw error;
  }
}

/** The address and port at 127.0.0.1 that stand for this loopback address and port. */
export function atOneAddress({ address, port }: Backend): Backend {
  const [network, , block, byte] = address.split('.').map(Number);
  if (!isIPv4(address) || network !== 127 || address === ONE_ADDRESS || !PORTS.has(port)) {
    return { address: network === 127 && isIPv4(address) ? ONE_ADDRESS : address, port };
  }
  const [group, slot] = [Math.floor((block ?? 0) / BLOCK_SPACING), (block ?? 0) % BLOCK_SPACING];
  return { address: ONE_ADDRESS, port: FIRST_PORT + 256 * (2 * group + slot) + (byte ?? 0) };
}

/**
 * The URL that reaches this `http:` URL from outside the cluster: the URL itself, unless `install`
 * was called.
 */
export function reachable(url: string): string {
  if (!isInstalled) return url;
  const it = new URL(url);
  const { address, port } = atOneAddress({ address: it.hostname, port: Number(it.port) });
  it.host = `${address}:${port}`;
  return it.href;
}

/**
 * From now on, this process listens on and connects to 127.0.0.1 instead of other loopback
 * addresses.
 */
export function install(): void {
  if (isInstalled) return;
  isInstalled = true;
  redirect(Server.prototype, 'listen');
  redirect(Socket.prototype, 'connect');
}

type Method = (this: unknown, ...args: unknown[]) => unknown;

function redirect(prototype: object, name: string): void {
  const original = Reflect.get(prototype, name) as Method;
  const redirected: Method = function (...args) {
    return original.apply(this, redirectArguments(args));
  };
  Reflect.set(prototype, name, redirected);
}

/**
 * Handles `connect(options)`, `connect(port, host)`, `net.connect` (which passes an array with the
 * options), and `listen`.
 */
function redirectArguments(args: readonly unknown[]): unknown[] {
  const [first, second, ...rest] = args;
  if (Array.isArray(first)) {
    first[0] = redirectOptions(first[0]);
    return [...args];
  }
  if (typeof first === 'object') return [redirectOptions(first), ...args.slice(1)];
  if (typeof second !== 'string') return [...args];
  const { address, port } = atOneAddress({ address: second, port: Number(first) });
  return [port, address, ...rest];
}

function redirectOptions(options: unknown): unknown {
  const { host, port } = options as { host?: unknown; port?: unknown };
  if (typeof host !== 'string') return options;
  const { address, port: at } = atOneAddress({ address: host, port: Number(port) });
  return { ...(options as object), host: address, port: at };
}
