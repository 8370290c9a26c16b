import { startThread } from './thread.ts';

/** What is sent in response to each request: each text after at least this many milliseconds. */
export type Pieces = readonly (readonly [number, string])[];

const SERVER = `
  const { parentPort, workerData } = require('node:worker_threads');
  const { setTimeout: sleep } = require('node:timers/promises');
  const { tls, pieces } = workerData;
  const server = require(tls ? 'node:tls' : 'node:net').createServer({ noDelay: true, ...tls }, (socket) => {
    socket.on('error', () => {}).on('data', async () => {
      for (const [wait, text] of pieces) {
        // A timer may fire up to a millisecond early.
        if (wait > 0) await sleep(wait + 1);
        socket.write(text);
      }
    });
  });
  server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));`;

/**
 * The URL of a server, until the test ends, that responds to each read with the same bytes, even
 * while this thread is busy. `tls`: its TLS options, or undefined for no TLS.
 */
export async function startThreadServer(tls: object | undefined, pieces: Pieces): Promise<URL> {
  const port = await startThread<number>(SERVER, { tls, pieces });
  return new URL(`${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}/`);
}
