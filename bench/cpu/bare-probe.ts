import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';

/*
 * Only opens the sockets of a probe and sends its requests: to `URLS`, one soon after another,
 * every `INTERVAL` milliseconds. Verifies certificates with `AUTHORITY`. At `PORT` it responds with
 * the number of checks so far.
 */

/** As the program's schedule paces its checks, in milliseconds. */
const PACING_MS = 5;

const urls = (process.env.URLS ?? '').split(',').map((url) => new URL(url));
const ca = readFileSync(process.env.AUTHORITY ?? '');
let checks = 0;

createServer((_, response) => response.end(String(checks))).listen(
  Number(process.env.PORT),
  '127.0.0.1',
);

for (;;) {
  const next = performance.now() + Number(process.env.INTERVAL);
  for (const url of urls) {
    check(url);
    await sleep(PACING_MS);
  }
  await sleep(next - performance.now());
}

async function check({ hostname: host, host: name, port, pathname, protocol }: URL): Promise<void> {
  const socket =
    protocol === 'https:'
      ? connectTls({ host, port: Number(port), ca })
      : connect({ host, port: Number(port), noDelay: true });
  await once(socket, protocol === 'https:' ? 'secureConnect' : 'connect');
  socket.write(`GET ${pathname} HTTP/1.1\r\nHost: ${name}\r\nConnection: close\r\n\r\n`);
  await once(socket, 'data');
  socket.destroySoon();
  checks++;
}
