import { isIPv6, Socket } from 'node:net';
import type { Signal } from '../model.ts';

/** How long one address is tried alone before the next is tried beside it, in milliseconds (RFC 8305, section 8). */
const ATTEMPT_DELAY_MS = 250;

/**
 * How many addresses of a name are tried: as many as a name has in practice, and as can be tried at 250 ms each within
 * the 5 s that connecting may take. A name with thousands would be as many connections at each check.
 */
const MAX_ADDRESSES = 16;

/** Where the sockets of one `dial()` come from, and who hears of them. */
export type DialOptions = Readonly<{
  /** Undefined: the system chooses. */
  localAddress?: string | undefined;
  onAttempt?: (socket: Socket) => void;
  onConnect?: (socket: Socket) => void;
  onClose?: (socket: Socket) => void;
}>;

/**
 * Connects to the first of the addresses that accepts (Happy Eyeballs, RFC 8305): the families in turn, the next
 * address as soon as one fails or is slow; what lost the race is closed and is no error. Rejects when every address (16
 * at most) has failed, with the first's error, or with the signal's reason. The socket has an `error` listener for life.
 * `onAttempt`, `onConnect` and `onClose` are called right before each address is tried, when the winner has connected, and before any other
 * socket is closed.
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
        // V8 keeps a closed socket, with all that its listeners refer to, until the next full collection.
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

/** The listener that a socket has for life: a reset must find one. */
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
