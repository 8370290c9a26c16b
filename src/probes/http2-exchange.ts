import type { ClientHttp2Session, IncomingHttpHeaders } from 'node:http2';
import type { Socket } from 'node:net';
import type { Signal } from '../model.ts';
import { ClosedError, type Headers, type HttpResponse } from './exchange.ts';
import type { Progress } from './progress.ts';
import { MAX_HEAD_LINES } from './response.ts';

/** As many informational responses (1xx) as Node's HTTP/1 client is allowed (`client-limits.ts`). */
const MAX_INFORMATIONAL = 16;

/** The most that a response's head may hold, as over HTTP/1: in bytes, 32 of which HTTP/2 counts for each field. */
const MAX_HEAD_BYTES = 200 * 1024;

/** The most that a connection may receive until the head of its response has come, in bytes, and how often that is looked at. */
const MAX_RECEIVED_BYTES = 1024 * 1024;
const POLL_INTERVAL_MS = 100;

/** Loads `node:http2`: 5 ms and 6 MB, for those alone who need it. */
export const loadHttp2 = () => import('node:http2');

/**
 * As `exchange()`, over a new connection whose TLS handshake has agreed on HTTP/2. It is closed in any case: a response is
 * not read to its end.
 */
export async function exchangeHttp2(
  socket: Socket,
  url: URL,
  headers: Headers,
  progress: Progress,
  signal: Signal,
): Promise<HttpResponse> {
  const { connect } = await loadHttp2();
  progress.phase = 'request';
  signal.throwIfAborted();
  const session = connect(url.origin, {
    createConnection: () => socket,
    settings: { enablePush: false, maxHeaderListSize: MAX_HEAD_BYTES },
    maxHeaderListPairs: MAX_HEAD_LINES,
  });
  using _ = limitReceived(session);
  try {
    return await firstResponse(session, url, headers, progress, signal);
  } finally {
    progress.tcp.done(socket);
    session.destroy();
  }
}

function firstResponse(
  session: ClientHttp2Session,
  url: URL,
  headers: Headers,
  progress: Progress,
  signal: Signal,
): Promise<HttpResponse> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    const onClose = () => reject(new ClosedError());
    session.on('error', reject).on('goaway', onClose).on('close', onClose);
    const stream = session.request(
      { ...headers, ':authority': url.host, ':path': `${url.pathname}${url.search}` },
      { endStream: true },
    );
    let informational = 0;
    const onBegin = () => {
      progress.phase = 'response';
      progress.reached('got_first_resp_byte');
    };
    const onReady = () => {
      // Frames are written at the end of this turn of the event loop.
      setImmediate(() => {
        if (session.destroyed) return;
        progress.wroteRequest();
        progress.phase = 'response';
      });
    };
    if (stream.pending) stream.once('ready', onReady);
    else onReady();
    stream
      .on('headers', () => {
        onBegin();
        informational++;
        if (informational > MAX_INFORMATIONAL) {
          reject(new Error(`more than ${MAX_INFORMATIONAL} informational responses (1xx)`));
        }
      })
      .once('response', (fields) => {
        onBegin();
        signal.removeEventListener('abort', onAbort);
        resolve(responseOf(fields));
      })
      .on('error', reject)
      .on('close', onClose);
  });
}

function responseOf(
  fields: IncomingHttpHeaders & { ':status'?: number | undefined },
): HttpResponse {
  const headers = Object.entries(fields).flatMap(([name, value]): [string, string][] =>
    typeof value === 'string' ? [[name, value]] : [],
  );
  return {
    status: Number(fields[':status']),
    reason: '',
    headers: new Map(headers),
    body: Buffer.alloc(0),
    receivedAt: performance.now(),
  };
}

/** Ends a session that receives frames without end (PING, SETTINGS, PRIORITY …), which are not events. */
function limitReceived(session: ClientHttp2Session): Disposable {
  const timer = setInterval(() => {
    if ((session.socket?.bytesRead ?? 0) <= MAX_RECEIVED_BYTES) return;
    session.destroy(new Error(`more than ${MAX_RECEIVED_BYTES} bytes before the response`));
  }, POLL_INTERVAL_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
