import type { NameServer, Transport } from '../../src/probes/dns-exchange.ts';
import { startThread } from './thread.ts';

/**
 * `waits`: the minimum time until the response for a type, in milliseconds; by default, none.
 * `isPreceded`: over UDP, a packet that is not a response comes first.
 */
type Options = Readonly<{ waits?: Readonly<Record<string, number>>; isPreceded?: boolean }>;

const SERVER = `
  const { createSocket } = require('node:dgram');
  const { once } = require('node:events');
  const { createServer } = require('node:net');
  const { parentPort, workerData } = require('node:worker_threads');
  const { decode, encode, streamEncode, RECURSION_AVAILABLE } = require('dns-packet');
  const { waits = {}, isPreceded } = workerData;
  const respond = (query, send) => {
    const { id, questions } = decode(query);
    const [{ name, type }] = questions;
    const answers = type === 'A' ? [{ type, name, ttl: 0, data: '127.0.0.1' }] : [];
    const packet = { type: 'response', id, flags: RECURSION_AVAILABLE, questions, answers };
    // A timer may fire up to a millisecond early.
    if (waits[type] > 0) setTimeout(() => send(packet), waits[type] + 1);
    else send(packet);
  };
  const udp = createSocket('udp4').on('message', (query, { port }) => {
    if (isPreceded) udp.send('no response', port);
    respond(query, (packet) => udp.send(encode(packet), port));
  });
  const tcp = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => {}).on('data', (query) => {
      respond(query.subarray(2), (packet) => socket.write(streamEncode(packet)));
    });
  });
  udp.bind(0, '127.0.0.1');
  tcp.listen(0, '127.0.0.1');
  Promise.all([once(udp, 'listening'), once(tcp, 'listening')]).then(() => {
    parentPort.postMessage({ udp: udp.address().port, tcp: tcp.address().port });
  });`;

/**
 * A name server, until the test ends, that responds even while this thread is busy, with 127.0.0.1
 * for each name. Returns its address for each transport.
 */
export async function startThreadNameServer(
  options: Options = {},
): Promise<Readonly<Record<Transport, NameServer>>> {
  const { udp, tcp } = await startThread<Record<Transport, number>>(SERVER, options);
  const at = (port: number) => ({ address: '127.0.0.1', port });
  return { udp: at(udp), tcp: at(tcp) };
}
