import { getEventListeners } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { until } from '../../lab/support/until.ts';
import { dial, ignoreError } from '../../src/probes/dial.ts';
import { blackHole } from '../support/black-hole.ts';
import { closedPort } from '../support/closed-port.ts';
import { ScriptedServer } from '../support/scripted-server.ts';
import { attempts } from './attempts.ts';
import { checkUrl, events } from './check-once.ts';

const live = new AbortController().signal;
const reason = new Error('stopped');

async function dialled(addresses: string[], port: number, signal = live): Promise<Socket> {
  const socket = await dial(addresses, port, signal);
  onTestFinished(() => void socket.destroy());
  return socket;
}

describe('dial() tries', () => {
  test.each([
    { given: ['127.0.0.2', '127.0.0.1'], tried: ['127.0.0.2', '127.0.0.1'] },
    { given: ['127.0.0.1', '::1'], tried: ['::1', '127.0.0.1'] },
    {
      given: ['127.0.0.1', '127.0.0.2', '127.0.0.3', '::1', '::ffff:127.0.0.4'],
      tried: ['::1', '127.0.0.1', '::ffff:127.0.0.4', '127.0.0.2', '127.0.0.3'],
    },
  ])('the families of $given in turn, IPv6 first', async ({ given, tried }) => {
    const port = await closedPort('127.0.0.1');
    const begun = attempts();

    await expect(dial(given, port, live)).rejects.toMatchObject({
      code: 'ECONNREFUSED',
      address: tried[0],
    });

    expect(begun.map(({ address }) => address)).toEqual(tried);
    expect(begun.every(({ socket }) => socket.destroyed)).toBe(true);
  });

  test('at most sixteen addresses, from both families', async () => {
    const port = await closedPort('127.0.0.1');
    const begun = attempts();
    const four = Array.from({ length: 1_200 }, (_, i) => `127.1.${i >> 8}.${i & 255}`);
    const six = four.map((address) => `::ffff:${address}`);

    await expect(dial([...four, ...six], port, live)).rejects.toMatchObject({
      code: 'ECONNREFUSED',
    });

    expect(begun.map(({ address }) => address)).toEqual(
      four.slice(0, 8).flatMap((address) => [`::ffff:${address}`, address]),
    );
  });

  test('no further address once it is connected', async () => {
    const server = await ScriptedServer.start();
    const begun = attempts();

    const socket = await dialled(['::1', '127.0.0.2', '127.0.0.1', '127.0.0.3'], server.port);

    expect(socket.remoteAddress).toBe('127.0.0.1');
    expect(begun.map(({ address }) => address)).toEqual(['::1', '127.0.0.2', '127.0.0.1']);
  });

  test('the next at once if one is refused', async () => {
    const server = await ScriptedServer.start();
    // The 250 ms until the next attempt do not pass.
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    onTestFinished(() => void vi.useRealTimers());

    const socket = await dialled(['::1', '127.0.0.2', '127.0.0.3', '127.0.0.1'], server.port);

    expect(socket.remoteAddress).toBe('127.0.0.1');
  });

  test('the next after 250 ms besides one that does not respond, and closes the loser', async () => {
    const port = await blackHole('::1');
    const server = await ScriptedServer.start({ port });
    const begun = attempts();

    const began = performance.now();
    const socket = await dialled(['::1', '127.0.0.1'], port);

    expect(socket.remoteAddress).toBe('127.0.0.1');
    expect(performance.now() - began).toBeGreaterThan(240);
    expect(begun.map(({ socket }) => socket.destroyed)).toEqual([true, false]);
    expect(server.accepted).toBe(1);
  });

  test('one that does not respond until the end when the others are refused', async () => {
    const port = await blackHole('::1');
    const begun = attempts();
    const stop = new AbortController();
    let settled = false;
    const ended = dial(['::1', '127.0.0.1'], port, stop.signal).catch((error: unknown) => {
      settled = true;
      return error;
    });
    await until('the second is refused', 2_000, () => begun[1]?.socket.closed === true);

    expect(settled).toBe(false);
    stop.abort(reason);
    expect(await ended).toBe(reason);
  });
});

describe('dial() ends with the signal', () => {
  test('and closes the sockets that it has opened', async () => {
    const port = await blackHole('::1');
    const begun = attempts();
    const stop = new AbortController();

    const dialling = dial(['::1', '127.0.0.1'], port, stop.signal);
    setImmediate(() => stop.abort(reason));

    await expect(dialling).rejects.toBe(reason);
    expect(begun.map(({ socket }) => socket.destroyed)).toEqual([true]);
  });

  test('without an attempt if that has already aborted', async () => {
    const begun = attempts();

    await expect(dial(['127.0.0.1'], 1, AbortSignal.abort(reason))).rejects.toBe(reason);

    expect(begun).toEqual([]);
  });

  test('but releases the signal once a connection is established', async () => {
    const server = await ScriptedServer.start();
    const stop = new AbortController();

    const socket = await dialled(['127.0.0.1'], server.port, stop.signal);

    expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
    expect(socket.destroyed).toBe(false);
  });
});

test('dial() leaves none of its listeners on a connected socket, with which V8 would keep them', async () => {
  const server = await ScriptedServer.start();

  const socket = await dialled(['127.0.0.1'], server.port);

  expect(socket.listeners('error')).toEqual([ignoreError]);
  expect(socket.listeners('connect')).toEqual([]);
});

test('dial() returns a socket whose reset at any later time is not an uncaught error', async () => {
  const server = await ScriptedServer.start();
  const socket = await dialled(['127.0.0.1'], server.port);
  await until('the server has accepted', 2_000, () => server.open.size === 1);

  const closed = new Promise((hadError) => socket.resume().once('close', hadError));
  for (const peer of server.open) peer.resetAndDestroy();

  expect(await closed).toBe(true);
});

test('upstream fault: a dial that loses the race counts as an error of a successful check', async () => {
  const port = await blackHole('::1');
  const server = await ScriptedServer.start({ port });

  for (const loser of ['127.0.0.2', '::1']) {
    const outcome = await checkUrl(server.url('/', 'server.test'), {
      resolve: async () => [loser, '127.0.0.1'],
    });

    expect(outcome.kind).toBe('ok');
    expect(events(outcome).filter((event) => event.startsWith('connect'))).toEqual([
      'connect_start',
      'connect_done',
    ]);
  }
});
