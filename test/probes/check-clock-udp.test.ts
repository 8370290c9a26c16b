import { expect, test } from 'vitest';
import { createCheckClocks } from '../../src/probes/check-clock.ts';
import { startThread } from '../support/thread.ts';
import { check } from './check-once.ts';
import { AT_ONCE, CLIENT_MS, durationOf, serveClients } from './serve-clients.ts';

/**
 * For how long each turn of the event loop serves clients, in milliseconds. A slow reflector
 * replies within that time.
 */
const TURN_MS = AT_ONCE * CLIENT_MS;
const SLOW_MS = TURN_MS / 3;

const REFLECTOR = `
  const { createSocket } = require('node:dgram');
  const { parentPort, workerData } = require('node:worker_threads');
  const { packets, delay } = workerData;
  import(packets).then(({ stampReply, toReply }) => {
    const socket = createSocket('udp4').on('message', (packet, { port }) => {
      // As if it came and was sent at the same time.
      const now = Date.now() / 1000;
      toReply(packet, 0, now);
      stampReply(packet, now);
      // A timer may fire up to a millisecond early.
      if (delay > 0) setTimeout(() => socket.send(packet, port), delay + 1);
      else socket.send(packet, port);
    });
    socket.bind(0, '127.0.0.1', () => parentPort.postMessage(socket.address().port));
  });`;

/**
 * How long a check of a reflector that replies after `delay` takes while this thread serves
 * clients, in milliseconds.
 */
async function durationOfCheck(delay: number): Promise<number> {
  const packets = new URL('../../src/stamp/packets.ts', import.meta.url).href;
  const port = await startThread<number>(REFLECTOR, { packets, delay });
  const clocks = await createCheckClocks();
  const begin = () => check(`udp://127.0.0.1:${port}`, { clocks });
  return durationOf(begin, async () => {
    // A packet is sent in each turn.
    for (let turns = 0; turns < 2; turns += 1) await serveClients(clocks, AT_ONCE);
  });
}

test('a UDP check does not measure the time spent on clients', async () => {
  expect(await durationOfCheck(0)).toBeLessThan(TURN_MS / 2);
});

test('a UDP check measures all of the time until a reply arrives', async () => {
  expect(await durationOfCheck(SLOW_MS)).toBeGreaterThanOrEqual(SLOW_MS);
});
