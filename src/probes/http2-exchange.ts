import type { Socket } from 'node:net';
import type { Signal } from '../model.ts';
import { exchange, type Headers, type HttpResponse } from './exchange.ts';
import { encodeField } from './hpack.ts';
import { encodeFrame, FLAG, FRAME, MAX_FRAME_BYTES } from './http2-frame.ts';
import { Http2HeadReader, STREAM } from './http2-response.ts';
import type { Progress } from './progress.ts';
import { MAX_HEAD_BYTES } from './response.ts';

/** What a client sends first (RFC 9113, section 3.4). */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/**
 * Limits for the server (RFC 9113, section 6.5.2): no header table, no pushed responses, and the
 * maximum size of a head.
 */
const SETTINGS: readonly (readonly [number, number])[] = [
  [1, 0],
  [2, 0],
  [6, MAX_HEAD_BYTES],
];

/**
 * Like `exchange()`, without a body, over a new connection whose TLS handshake negotiated HTTP/2.
 * The connection carries no second request.
 */
export function exchangeHttp2(
  socket: Socket,
  url: URL,
  headers: Headers,
  progress: Progress,
  signal: Signal,
): Promise<HttpResponse> {
  const reader = new Http2HeadReader((frame) => socket.write(frame));
  return exchange(socket, requestFrames(url, headers), progress, signal, 0, reader);
}

function requestFrames(url: URL, headers: Headers): Buffer {
  const settings = Buffer.alloc(6 * SETTINGS.length);
  for (const [i, [name, value]] of SETTINGS.entries()) {
    settings.writeUInt16BE(name, 6 * i);
    settings.writeUInt32BE(value, 6 * i + 2);
  }
  const fields = {
    ':method': 'GET',
    ':scheme': 'https',
    ':authority': url.host,
    ':path': `${url.pathname}${url.search}`,
    ...headers,
  };
  const block = Buffer.concat(
    Object.entries(fields).map(([name, value]) => encodeField(name.toLowerCase(), value)),
  );
  return Buffer.concat([PREFACE, encodeFrame(FRAME.SETTINGS, 0, 0, settings), ...framed(block)]);
}

/** The frames of a request without a body, from its header block. */
function framed(block: Buffer): Buffer[] {
  const frames: Buffer[] = [];
  for (let start = 0; start < block.length; start += MAX_FRAME_BYTES) {
    const end = start + MAX_FRAME_BYTES;
    const flags = end < block.length ? 0 : FLAG.END_HEADERS;
    const [type, more] = start === 0 ? [FRAME.HEADERS, FLAG.END_STREAM] : [FRAME.CONTINUATION, 0];
    frames.push(encodeFrame(type, flags | more, STREAM, block.subarray(start, end)));
  }
  return frames;
}
