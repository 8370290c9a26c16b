import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { ATTACKING, ATTACKS } from './attacks.ts';

/*
 * Attacks the server at 127.0.0.1 with one of `ATTACKS` until it is killed: its connections come
 * from a hundred loopback addresses, and each is opened again when it is closed. It sends at most
 * 50 MB and opens at most 800 connections per second: more are a flood, whose addresses the program
 * blocks.
 *
 * Writes `ATTACKING` once it has a connection.
 *
 *   attacker.ts PORT ATTACK
 */

const ADDRESSES = 100;
const BYTES_PER_MS = 50_000;
const CONNECTIONS_PER_MS = 0.8;

/** How long after its last bytes a response counts as complete, in milliseconds. */
const QUIET_MS = 100;

/** From when all connections send at once until they are reset, in milliseconds. */
const TOGETHER_MS = 100;

/**
 * Between requests once it no longer reads: all connections together send fewer than are served.
 * Milliseconds.
 */
const REPEAT_MS = 3_000;

const [port, name = ''] = process.argv.slice(2);
const attack = ATTACKS[name];
if (attack === undefined) throw new Error(`no attack "${name}"`);
const { over, payload, connections, reads, repeats, gone, together } = attack;
const bytes = Buffer.from(payload, 'latin1');
const { piece = bytes.length, before = 0 } = attack;

let isAnnounced = false;
let opened = 0;
let allowance = 0;
let openAllowance = 0;
let toOpen = connections;
let last = performance.now();
const waiting: (() => void)[] = [];

/** Calls back when the payload may be sent. */
function whenAllowed(send: () => void): void {
  waiting.push(send);
}

setInterval(() => {
  const now = performance.now();
  allowance = Math.min(allowance + (now - last) * BYTES_PER_MS, 50 * BYTES_PER_MS);
  openAllowance = Math.min(openAllowance + (now - last) * CONNECTIONS_PER_MS, 50);
  last = now;
  for (; openAllowance >= 1 && toOpen > 0; openAllowance -= 1, toOpen -= 1) open();
  while (allowance > 0 && waiting.length > 0) {
    allowance -= bytes.length;
    waiting.shift()?.();
  }
}, 1);

/** The connections of an attack in which all send at once. */
const assembled = new Set<Socket>();

if (together) {
  setInterval(() => {
    const all = [...assembled];
    for (const socket of all) send(socket, before);
    setTimeout(() => {
      for (const socket of all) socket.resetAndDestroy();
    }, TOGETHER_MS);
  }, 1_000);
}

/** Sends the payload, from `at` on. */
function send(socket: Socket, at = 0): void {
  if (!socket.writable) return;
  const next = at + piece;
  socket.write(bytes.subarray(at, next), () => {
    if (next < bytes.length) setImmediate(() => send(socket, next));
    else if (gone) socket.destroy();
  });
}

function announce(): void {
  if (!isAnnounced) process.stdout.write(ATTACKING);
  isAnnounced = true;
}

function open(): void {
  const to = {
    host: '127.0.0.1',
    port: Number(port),
    localAddress: `127.1.0.${1 + (opened++ % ADDRESSES)}`,
  };
  const socket =
    over === 'https' ? connectTls({ ...to, rejectUnauthorized: false }) : connect(to).setNoDelay();
  const sendWhenAllowed = () => {
    if (together) {
      assembled.add(socket);
      socket.write(bytes.subarray(0, before));
    } else whenAllowed(() => send(socket));
  };
  socket.on(over === 'https' ? 'secureConnect' : 'connect', sendWhenAllowed).on('error', () => {});
  socket.once('connect', announce);
  socket.on('close', () => {
    assembled.delete(socket);
    toOpen += 1;
  });
  if (reads === 'first') stopAfterFirst(socket, sendWhenAllowed);
  else if (reads) socket.on('data', () => repeats && sendWhenAllowed());
  else socket.pause();
}

/** Reads until nothing has arrived for a while, and only sends from then on. */
function stopAfterFirst(socket: Socket, sendAgain: () => void): void {
  const onQuiet = () => {
    socket.pause();
    sendAgain();
    const timer = setInterval(sendAgain, REPEAT_MS);
    socket.on('close', () => clearInterval(timer));
  };
  let quiet: NodeJS.Timeout | undefined;
  socket.on('data', () => {
    quiet ??= setTimeout(onQuiet, QUIET_MS);
    quiet.refresh();
  });
  socket.on('close', () => clearTimeout(quiet));
}
