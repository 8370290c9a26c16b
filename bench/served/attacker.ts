import { connect } from 'node:net';
import { setPriority } from 'node:os';
import { ATTACKS } from './attacks.ts';

/*
 * Attacks the server at 127.0.0.1 by one of `ATTACKS` until it is killed: so many connections from a hundred addresses of
 * loopback, each opened again when it is closed, and at most 50 MB a second. It yields the processors, which an attacker in
 * another pod would not share.
 *
 *   attacker.ts PORT ATTACK
 */

setPriority(19);

const ADDRESSES = 100;
const BYTES_PER_MS = 50_000;

const [port, name = ''] = process.argv.slice(2);
const attack = ATTACKS[name];
if (attack === undefined) throw new Error(`no attack "${name}"`);
const { payload, connections, reads, repeats, gone } = attack;
const bytes = Buffer.from(payload, 'latin1');

let opened = 0;
let allowance = 0;
let last = performance.now();
const waiting: (() => void)[] = [];

/** Calls back when so many bytes may be sent. */
function whenAllowed(send: () => void): void {
  waiting.push(send);
}

setInterval(() => {
  const now = performance.now();
  allowance = Math.min(allowance + (now - last) * BYTES_PER_MS, 50 * BYTES_PER_MS);
  last = now;
  while (allowance > 0 && waiting.length > 0) {
    allowance -= bytes.length;
    waiting.shift()?.();
  }
}, 1);

function open(): void {
  const address = opened++ % ADDRESSES;
  const socket = connect({
    host: '127.0.0.1',
    port: Number(port),
    localAddress: `127.1.0.${1 + address}`,
  });
  const send = () => {
    if (socket.writable) socket.write(bytes, () => gone && socket.destroy());
  };
  socket.on('connect', () => whenAllowed(send)).on('error', () => {});
  socket.on('close', () => setTimeout(open, 1));
  if (reads) socket.on('data', () => repeats && whenAllowed(send));
  else socket.pause();
}

for (let i = 0; i < connections; i += 1) open();
