import type { Signal } from '../model.ts';
import { type Connection, type Network, openConnection } from './connection.ts';
import type { Progress } from './progress.ts';

/** How many origins are remembered: redirects may lead to any number. */
const MAX_ORIGINS = 100;

const BOTH = ['h2', 'http/1.1'];

/** The alert of a server that supports none of the offered protocols (RFC 7301, section 3.2). */
const NO_COMMON_PROTOCOL = 'ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL';

/**
 * Connects for HTTP/1.1, or for HTTP/2 if a server supports nothing else. Offering both from the
 * start would make most ingresses choose HTTP/2, with no gain for a single request.
 */
export class HttpVersions {
  readonly #http2 = new Set<string>();

  /**
   * Opens a connection; `attempt.progress` is that of the handshake that succeeded. If an origin
   * refuses HTTP/1.1, this connects once more, and offers both from then on. Rejects as
   * `openConnection` does.
   */
  async open(
    url: URL,
    network: Network,
    attempt: { progress: Progress },
    signal: Signal,
  ): Promise<Connection> {
    const { origin } = url;
    if (this.#http2.has(origin)) {
      const connection = await openConnection(url, network, attempt.progress, signal, BOTH);
      if (!connection.isHttp2) this.#http2.delete(origin);
      return connection;
    }
    try {
      return await openConnection(url, network, attempt.progress, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== NO_COMMON_PROTOCOL) throw error;
    }
    attempt.progress = attempt.progress.next();
    const connection = await openConnection(url, network, attempt.progress, signal, BOTH);
    if (this.#http2.size === MAX_ORIGINS) this.#http2.clear();
    if (connection.isHttp2) this.#http2.add(origin);
    return connection;
  }
}
