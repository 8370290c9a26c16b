import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Responses that no API server sends, but a proxy or a broken server may. */
export type Misbehaviour =
  /** 200 with bytes that are not JSON. */
  | 'garbage'
  /** A watch ends cleanly in the middle of a line; any other response is cut off halfway. */
  | 'half-line'
  /** A line that goes on until the client disconnects, or for 64 MiB. */
  | 'endless-line'
  /** The connection is destroyed once the request is read. */
  | 'close-before-response';

const MAX_ENDLESS_BYTES = 64 * 1024 * 1024;
const HALF_AN_EVENT = '{"type":"ADDED","object":{"kind":"Pod","apiVersion":"v1","metadata":{"na';
const HALF_A_LIST =
  '{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"1"},"items":[{';

/** Responds in that way. `isWatch`: the client expects a stream of events. */
export function misbehave(kind: Misbehaviour, response: ServerResponse, isWatch: boolean): void {
  switch (kind) {
    case 'garbage':
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(Buffer.from('\u0000\u0001<html>}{\n\xff\xfe not JSON\n', 'latin1'));
      break;
    case 'half-line':
      if (isWatch) {
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(HALF_AN_EVENT);
      } else {
        const headers = {
          'content-type': 'application/json',
          'content-length': 2 * HALF_A_LIST.length,
        };
        response.writeHead(200, headers);
        response.write(HALF_A_LIST, () => response.destroy());
      }
      break;
    case 'endless-line':
      response.writeHead(200, { 'content-type': 'application/json' });
      // Fails when the client disconnects, which is one of the two ways it ends.
      pipeline(Readable.from(endlessLine()), response).catch(() => {});
      break;
    case 'close-before-response':
      response.destroy();
  }
}

function* endlessLine(): Generator<Buffer> {
  const chunk = Buffer.alloc(64 * 1024, 'x');
  yield Buffer.from(HALF_AN_EVENT);
  for (let sent = 0; sent < MAX_ENDLESS_BYTES; sent += chunk.length) yield chunk;
}
