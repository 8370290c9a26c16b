import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Agent, ClientRequest, IncomingMessage } from 'node:http';

/** An ExportMetricsServiceResponse is a few hundred bytes. */
const MAX_BODY_BYTES = 64 * 1024;

/** Each takes event-loop time, however short it is. */
const MAX_PIECES = 1_000;

/** Published before the response reaches its request. */
const RESPONSE = 'http.client.response.finish';

/**
 * Until the returned function is called, a response to a request of this agent breaks off after
 * 64 KiB of its body, chunk heads included, or after 1,000 pieces: the OTLP package reads 4 MiB and
 * parses JSON, which may need sixty times as much memory.
 */
export function limitResponses(agent: Agent): () => void {
  const onResponse = (message: unknown) => {
    const { request, response } = message as {
      request: ClientRequest & { agent?: Agent };
      response: IncomingMessage;
    };
    if (request.agent !== agent) return;
    const { socket } = response;
    const before = socket.bytesRead;
    let bytes = 0;
    let pieces = 0;
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      pieces += 1;
      if (Math.max(bytes, socket.bytesRead - before) > MAX_BODY_BYTES) {
        response.destroy(new Error(`the response exceeds ${MAX_BODY_BYTES} bytes`));
      } else if (pieces > MAX_PIECES) {
        response.destroy(new Error(`the response arrived in more than ${MAX_PIECES} pieces`));
      }
    });
  };
  subscribe(RESPONSE, onResponse);
  return () => unsubscribe(RESPONSE, onResponse);
}
