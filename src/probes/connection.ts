import { isIP, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext, type TLSSocket } from 'node:tls';
import { deadline } from '../deadline.ts';
import type { Signal } from '../model.ts';
import { limitTlsMessages } from '../tls-limit.ts';
import { TLS_CLIENT } from '../tls-verification.ts';
import { fromUrlHost } from '../url-host.ts';
import { dial, ignoreError } from './dial.ts';
import type { Progress } from './progress.ts';
import type { Resolve } from './resolve.ts';

/** Timeout for look-up and connecting together, in milliseconds (the contract's 5 s). */
const CONNECT_TIMEOUT_MS = 5_000;

/** URL schemes that connect over TLS. */
const TLS_SCHEMES: ReadonlySet<string> = new Set(['https:', 'tls:']);

/** Options for making a connection. */
export type Network = Readonly<{
  resolve: Resolve;
  /** The CAs to trust, read for each handshake. */
  secureContext: () => SecureContext;
  /** Accept a server whose certificate cannot be verified. */
  insecure: boolean;
  /** The source address of connections; undefined: the system chooses. */
  localAddress?: string | undefined;
}>;

/**
 * `verified`: the peer's certificate proves that it is the host of the URL. `isHttp2`: both sides
 * agreed on HTTP/2. `transport`: the TCP socket, the same as `socket` without TLS.
 */
export type Connection = Readonly<{
  socket: Socket;
  transport: Socket;
  verified: boolean;
  isHttp2: boolean;
}>;

/**
 * Connects to the host of a URL, and records each step in `progress`. For https and tls URLs it
 * uses TLS, and negotiates one of `protocols` (ALPN) if there are any. Rejects with the error, or
 * with the signal's reason, and leaves no socket open.
 */
export async function openConnection(
  url: URL,
  network: Network,
  progress: Progress,
  signal: Signal,
  protocols: readonly string[] = ['http/1.1'],
): Promise<Connection> {
  const host = fromUrlHost(url.hostname);
  const socket = await connectTo(host, url, network, progress, signal);
  if (!TLS_SCHEMES.has(url.protocol)) {
    progress.reached('got_conn');
    return { socket, transport: socket, verified: false, isHttp2: false };
  }
  progress.phase = 'handshake';
  progress.reached('tls_handshake_start');
  const secure = await handshake(socket, host, network, progress, signal, protocols);
  progress.clock.received();
  progress.reached('tls_handshake_done');
  progress.reached('got_conn');
  const isHttp2 = secure.alpnProtocol === 'h2';
  return { socket: secure, transport: socket, verified: secure.authorized, isHttp2 };
}

async function connectTo(
  host: string,
  url: URL,
  { resolve, localAddress }: Network,
  progress: Progress,
  signal: Signal,
): Promise<Socket> {
  using limit = deadline(signal, CONNECT_TIMEOUT_MS);
  let addresses: readonly string[] = [host];
  if (isIP(host) === 0) {
    progress.phase = 'resolve';
    progress.reached('dns_start');
    addresses = await resolve(host, limit.signal, progress.clock);
    progress.reached('dns_done');
  }
  progress.phase = 'connect';
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80);
  const socket = await dial(addresses, port, limit.signal, {
    localAddress,
    onAttempt: (it) => {
      progress.reached('connect_start');
      progress.clock.connecting(it);
    },
    onConnect: (it) => {
      progress.tcp.connected(it);
      progress.clock.connected(it);
    },
    onClose: (it) => progress.tcp.done(it),
  });
  progress.reached('connect_done');
  return socket;
}

function handshake(
  socket: Socket,
  host: string,
  network: Network,
  progress: Progress,
  signal: Signal,
  protocols: readonly string[],
): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const secure = connectTls({
      socket,
      host,
      // SNI takes neither an IP address nor a trailing dot (RFC 6066, section 3). The certificate
      // is still verified against the address.
      ...(isIP(host) === 0 ? { servername: host.replace(/\.$/, '') } : {}),
      secureContext: network.secureContext(),
      ...TLS_CLIENT,
      rejectUnauthorized: !network.insecure,
      ...(protocols.length > 0 ? { ALPNProtocols: protocols } : {}),
    });
    limitTlsMessages(secure, (error) => {
      socket.destroy();
      setImmediate(() => secure.destroy(error));
    });
    const abort = () => {
      progress.tcp.done(socket);
      secure.destroy(signal.reason);
    };
    // Before Node verifies the certificate: it destroys an untrusted connection at once.
    secure.prependOnceListener('secure', () => {
      progress.certificate = secure.getPeerX509Certificate();
    });
    // Node passes the result to `checkServerIdentity`. Its own method describes every part of the
    // chain: 7 ms for 32 KiB (measured).
    Object.assign(secure, { getPeerCertificate: () => progress.certificate });
    const onError = (error: Error) => {
      signal.removeEventListener('abort', abort);
      reject(error);
    };
    secure.once('secureConnect', () => {
      signal.removeEventListener('abort', abort);
      secure.off('error', onError);
      resolve(secure);
    });
    secure.on('error', onError).on('error', ignoreError);
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
  });
}
