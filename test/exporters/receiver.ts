import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';

/** What was posted, decompressed. */
export type Received = Readonly<{ path: string; headers: IncomingHttpHeaders; body: Buffer }>;

/**
 * Accepts what is posted to it, and responds with 200, until the test has finished; after `hang()`
 * it no longer responds.
 */
export async function startReceiver(): Promise<{
  url: string;
  received: Received[];
  hang: () => void;
}> {
  const received: Received[] = [];
  let hangs = false;
  const server = createServer(async (request, response) => {
    const bytes = await buffer(request).catch(() => undefined);
    if (bytes === undefined) return;
    const { headers, url = '' } = request;
    const body = headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes;
    received.push({ path: url, headers, body });
    if (!hangs) response.end();
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    received,
    hang: () => {
      hangs = true;
    },
  };
}
