import type { Connection } from './connection.ts';

/**
 * Idle timeout of a connection, in milliseconds (that of Go's default transport, which upstream
 * uses).
 */
const IDLE_TIMEOUT_MS = 90_000;

/** How many connections to redirect targets are kept: a target can name any number of origins. */
const MAX_REDIRECTED = 50;

type Idle = { connection: Connection; isRedirected: boolean; drop: () => void };

/** Idle connections, one per origin. Those that the peer closes are removed. */
export class IdleConnections {
  readonly #byOrigin = new Map<string, Idle>();
  #redirected = 0;

  /**
   * Keeps the connection for the next request. Closes it if the origin already has one, or if a
   * redirect led to it (`isRedirected`) and there are enough of those.
   */
  keep(origin: string, connection: Connection, isRedirected = false): void {
    const { socket } = connection;
    const isFull = isRedirected && this.#redirected === MAX_REDIRECTED;
    if (this.#byOrigin.has(origin) || isFull) {
      socket.destroySoon();
      return;
    }
    const drop = () => {
      this.take(origin);
      socket.destroy();
    };
    this.#byOrigin.set(origin, { connection, isRedirected, drop });
    if (isRedirected) this.#redirected++;
    // Unsolicited bytes make a connection unusable, as closing it does.
    socket.once('close', drop).once('data', drop).once('timeout', drop);
    socket.setTimeout(IDLE_TIMEOUT_MS);
  }

  take(origin: string): Connection | undefined {
    const idle = this.#byOrigin.get(origin);
    if (idle === undefined) return undefined;
    this.#byOrigin.delete(origin);
    const { connection, isRedirected, drop } = idle;
    if (isRedirected) this.#redirected--;
    connection.socket.off('close', drop).off('data', drop).off('timeout', drop);
    connection.socket.setTimeout(0);
    return connection;
  }

  close(): void {
    for (const { connection } of this.#byOrigin.values()) connection.socket.destroy();
  }
}
