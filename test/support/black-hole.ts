import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { onTestFinished } from 'vitest';

/** Listens, then blocks for good, so that it accepts no connection. */
const LISTEN_AND_BLOCK = `
  const { parentPort, workerData } = require('node:worker_threads');
  const server = require('node:net').createServer();
  server.listen({ host: workerData, port: 0, backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0));
  });`;

/** With a backlog of one, Linux keeps two connections for a listener that does not accept. */
const KEPT = 2;

/** A port at which nobody responds until the test has finished: the listener's queue is full. */
export async function blackHole(host: string): Promise<number> {
  const worker = new Worker(LISTEN_AND_BLOCK, { eval: true, workerData: host });
  const fill: Socket[] = [];
  onTestFinished(async () => {
    for (const socket of fill) socket.destroy();
    await worker.terminate();
  });
  const [port] = (await once(worker, 'message')) as [number];
  for (let i = 0; i < KEPT; i++) {
    const socket = connect(port, host);
    fill.push(socket);
    await once(socket, 'connect');
    socket.on('error', () => {});
  }
  return port;
}
