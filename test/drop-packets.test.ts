import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { withoutCapabilities } from '../lab/support/owned-process.ts';
import { createDropPackets } from '../src/drop-packets.ts';
import { descriptor } from '../src/socket-options.ts';

const run = promisify(execFile);

const createDrop = await createDropPackets();

/** The bytes of an address that consists of these words. */
const address = (...words: number[]) => {
  const bytes = Buffer.alloc(words.length * 4);
  for (const [index, word] of words.entries()) bytes.writeUInt32BE(word, index * 4);
  return bytes.toString('latin1');
};

const LOOPBACK = address(0, 0, 0, 1);
/** Each differs from `LOOPBACK` in one word. */
const OTHERS = [
  address(1, 0, 0, 1),
  address(0, 1, 0, 1),
  address(0, 0, 1, 1),
  address(0, 0, 0, 0xffffffff),
];

async function listen() {
  const server = createServer((socket) => socket.on('error', () => {})).listen(0, '::');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const open = (host: string) => {
    const client = connect({ host, port }).on('error', () => {});
    onTestFinished(() => void client.destroy());
    return client;
  };
  /** Whether each address can connect: a SYN that is not dropped is answered at once. */
  const outcomes = async () => {
    const clients = ['127.0.0.1', '::1'].map(open);
    await Promise.race(clients.map((client) => once(client, 'connect')));
    await new Promise(setImmediate);
    return clients.map(({ connecting }) => (connecting ? 'dropped' : 'connected'));
  };
  const drop = createDrop();
  const fd = descriptor(server) ?? -1;
  onTestFinished(() => void drop(fd, new Set()));
  return { drop: (addresses: ReadonlySet<string>) => drop(fd, addresses), outcomes };
}

test.each([
  { of: 'an IPv6 address', addresses: [LOOPBACK], expected: ['connected', 'dropped'] },
  { of: 'one of many', addresses: [...OTHERS, LOOPBACK], expected: ['connected', 'dropped'] },
  { of: 'an IPv4 address', addresses: [address(0x7f000001)], expected: ['dropped', 'connected'] },
  { of: 'others', addresses: [...OTHERS, address(1)], expected: ['connected', 'connected'] },
])('A listening socket drops packets of $of', async ({ addresses, expected }) => {
  const { drop, outcomes } = await listen();
  expect(drop(new Set(addresses))).toBe(true);
  expect(await outcomes()).toEqual(expected);
  expect(drop(new Set())).toBe(true);
  expect(await outcomes()).toEqual(['connected', 'connected']);
  expect(drop(new Set(addresses))).toBe(true);
  expect(await outcomes()).toEqual(expected);
});

test('A listening socket accepts a filter of 120 IPv6 addresses', async () => {
  const { drop, outcomes } = await listen();
  const many = Array.from({ length: 119 }, (_, index) => address(0, 0, index, 2));
  expect(drop(new Set([...many, LOOPBACK]))).toBe(true);
  expect(await outcomes()).toEqual(['connected', 'dropped']);
});

test('A process without capabilities can drop packets, as in a pod', async () => {
  const script = `
    import { createServer } from 'node:net';
    import { createDropPackets } from './src/drop-packets.ts';
    const drop = (await createDropPackets())();
    const server = createServer().listen(0, '127.0.0.1', () => {
      console.log(drop(server._handle.fd, new Set(['abcd'])), drop(server._handle.fd, new Set()));
      server.close();
    });`;
  const node = [process.execPath, '--input-type=module', '--eval', script];
  const [command = '', ...args] = withoutCapabilities(node);
  expect((await run(command, args)).stdout).toBe('true true\n');
});
