import { getEventListeners, once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { until } from '../../lab/support/until.ts';
import { exchange } from '../../src/probes/exchange.ts';
import { Progress } from '../../src/probes/progress.ts';
import { type Script, ScriptedServer, say, sayAndClose } from '../support/scripted-server.ts';

const live = new AbortController().signal;
const REQUEST = 'GET / HTTP/1.1\r\n\r\n';

async function connected(script: Script): Promise<Socket> {
  const server = await ScriptedServer.start({ script });
  const socket = connect(server.port, server.host);
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

function listeners(socket: Socket): Record<string, number> {
  const names = ['data', 'error', 'close'];
  return Object.fromEntries(names.map((name) => [name, socket.listenerCount(name)]));
}

test.each([
  { what: 'a response', script: say('HTTP/1.1 200 OK\r\n\r\n'), resolves: true },
  { what: 'something else', script: say('x'), resolves: false },
  { what: 'an end', script: sayAndClose(''), resolves: false },
])('exchange() removes its listeners after $what', async ({ script, resolves }) => {
  const socket = await connected(script);
  const before = listeners(socket);

  const head = await exchange(socket, REQUEST, new Progress(), live).catch(() => undefined);

  expect(head?.status).toBe(resolves ? 200 : undefined);
  expect(listeners(socket)).toEqual(before);
});

test('exchange() leaves a socket open after its response, and no listener on the signal', async () => {
  const socket = await connected(say('HTTP/1.1 200 OK\r\n\r\n'));
  const stop = new AbortController();

  await exchange(socket, REQUEST, new Progress(), stop.signal);

  expect(getEventListeners(stop.signal, 'abort')).toEqual([]);
  expect(socket.destroyed).toBe(false);
});

test('exchange() sends nothing when the signal has aborted', async () => {
  const reason = new Error('stopped');
  const socket = await connected(say(''));

  const exchanging = exchange(socket, REQUEST, new Progress(), AbortSignal.abort(reason));

  await expect(exchanging).rejects.toBe(reason);
  expect(socket.bytesWritten).toBe(0);
});

test('exchange() rejects at once when the socket is already closed', async () => {
  const socket = await connected(say(''));
  const progress = new Progress();
  await once(socket.destroy(), 'close');

  await expect(exchange(socket, REQUEST, progress, live)).rejects.toThrow(
    'the connection was closed before the response',
  );
  expect(progress.phase).toBe('request');
  expect(progress.timings).toEqual({});
});

test('exchange() rejects with the error of sending, in the request phase', async () => {
  const socket = await connected(say(''));
  const progress = new Progress();
  // Like an idle socket that the peer ends at this very moment.
  socket.end();

  await expect(exchange(socket, REQUEST, progress, live)).rejects.toThrow('write after end');
  expect(progress.phase).toBe('request');
  expect(progress.timings).toEqual({});
});

test('exchange() accepts a response that arrives while the request cannot be sent yet', async () => {
  const server = await ScriptedServer.start({ onConnection: (peer) => peer.pause() });
  const socket = connect(server.port, server.host);
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  await until('the server has accepted', 2_000, () => server.open.size > 0);
  // More than any buffer between the two holds.
  socket.write(Buffer.alloc(64 << 20));
  const progress = new Progress();

  const exchanging = exchange(socket, REQUEST, progress, live);
  for (const peer of server.open) peer.write('HTTP/1.1 413 Content Too Large\r\n\r\n');

  expect(await exchanging).toMatchObject({ status: 413 });
  expect(progress.phase).toBe('response');
  expect(Object.keys(progress.timings)).toEqual(['got_first_resp_byte']);
});

test('exchange() treats what arrived before the request was sent as its response', async () => {
  const server = await ScriptedServer.start({
    onConnection: (socket) => void socket.write('220 mail.test\r\n'),
  });
  const socket = connect(server.port, server.host);
  onTestFinished(() => void socket.destroy());
  await once(socket, 'readable');
  const progress = new Progress();

  await expect(exchange(socket, REQUEST, progress, live)).rejects.toThrow(
    'the response is not HTTP/1',
  );
  expect(progress.phase).toBe('response');
});
