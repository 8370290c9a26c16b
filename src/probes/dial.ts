import { isIPv6, Socket } from 'node:net';
import type { Signal } from '../model.ts';

/**
 * How long to wait for an address before trying the next in parallel, in milliseconds (RFC 8305,
 * section 8).
 */
const ATTEMPT_DELAY_MS = 250;

/**
 * How many addresses of a name to try: as many as names have in practice, and as fit, at 250 ms
 * each, into the 5 s for connecting. A name with thousands would open as many connections per
 * check.
 */
const MAX_ADDRESSES = 16;

/** The source address of the sockets of one `dial()`, and its callbacks. */
export type DialOptions = Readonly<{
  /** Undefined: the system chooses. */
  localAddress?: string | undefined;
  onAttempt?: (socket: Socket) => void;
  onConnect?: (socket: Socket) => void;
  onClose?: (socket: Socket) => void;
}>;

/**
 * Connects to the first address that accepts (Happy Eyeballs, RFC 8305). It alternates the
 * families, and tries the next address as soon as one fails or is slow. Sockets that lose the race
 * are closed, which is not an error. Rejects when every address (16 at most) has failed, with the
 * first error, or with the signal's reason. The socket keeps an `error` listener for life.
 * `onAttempt`, `onConnect` and `onClose` are called right before each address is tried, when the
 * winner has connected, and before any other socket is closed.
 */
export function dial(
  addresses: readonly string[],
  port: number,
  signal: Signal,
  { localAddress, ...observer }: DialOptions = {},
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const waiting = interleaveFamilies(addresses).slice(0, MAX_ADDRESSES);
    const attempts = new Set<Socket>();
    let firstError: Error | undefined;
    let timer: NodeJS.Timeout | undefined;

    const settle = (winner?: Socket) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      for (const socket of attempts) {
        if (socket === winner) continue;
        observer.onClose?.(socket);
        socket.destroy();
      }
      attempts.clear();
    };
    const abort = () => {
      settle();
      reject(signal.reason);
    };
    const startNext = () => {
      clearTimeout(timer);
      const address = waiting.shift();
      if (address === undefined) return;
      const socket = new Socket({ noDelay: true });
      attempts.add(socket);
      const onError = (error: Error) => {
        if (!attempts.delete(socket)) return;
        firstError ??= error;
        if (waiting.length > 0) startNext();
        else if (attempts.size === 0) {
          settle();
          reject(firstError);
        }
      };
      socket.once('connect', () => {
        if (!attempts.has(socket)) return;
        observer.onConnect?.(socket);
        settle(socket);
        // V8 keeps a closed socket, and all that its listeners reference, until a full collection.
        socket.off('error', onError);
        resolve(socket);
      });
      socket.on('error', onError).on('error', ignoreError);
      observer.onAttempt?.(socket);
      socket.connect({ host: address, port, ...(localAddress !== undefined && { localAddress }) });
      if (waiting.length > 0) timer = setTimeout(startNext, ATTEMPT_DELAY_MS);
    };

    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
    else startNext();
  });
}

/** The listener that a socket keeps for life: a reset must find one. */
export function ignoreError(): void {}

/** The addresses with the families alternating, IPv6 first (RFC 8305, section 4). */
function interleaveFamilies(addresses: readonly string[]): string[] {
  if (addresses.length === 1) return [...addresses];
  const six = addresses.filter((address) => isIPv6(address));
  const four = addresses.filter((address) => !isIPv6(address));
  return Array.from({ length: Math.max(six.length, four.length) }, (_, i) => [six[i], four[i]])
    .flat()
    .filter((address) => address !== undefined);
}
