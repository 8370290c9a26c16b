import { once } from 'node:events';
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { until } from '../lab/support/until.ts';
import { createFloodFilter } from '../src/flood-filter.ts';
import { admittedConnections } from './support/admitted-connections.ts';

/** Shorter than the time after which a SYN is retransmitted, 1 s. */
const BLOCK_MS = 500;

/** A flood: as many connections as fill a window. */
const FLOOD = 500;

/** A server whose window lasts until it is full, however slow the machine is. */
async function serve(host: string) {
  const floods: string[] = [];
  const filterFloods = await createFloodFilter((sentence) => floods.push(sentence), {
    windowMs: 60_000,
    blockMs: BLOCK_MS,
  });
  let accepted = 0;
  const { open } = await admittedConnections(
    {
      host,
      filterFloods: (server) => {
        const look = filterFloods(server);
        return (fd) => {
          accepted += 1;
          return look(fd);
        };
      },
    },
    () => {},
  );
  const openFrom = (localAddress: string) =>
    open({ host: localAddress.includes(':') ? '::1' : '127.0.0.1', localAddress });
  return { openFrom, acceptedAre: (count: number) => accepted === count, floods };
}

test.each([
  { how: 'stay', onConnect: () => {} },
  { how: 'are reset at once', onConnect: (client: Socket) => client.resetAndDestroy() },
])(
  'Only the address of a flood whose connections $how is blocked, for a while',
  async ({ onConnect }) => {
    const { openFrom, acceptedAre, floods } = await serve('::');
    // The kernel completes all of them before the first is accepted.
    for (let i = 0; i < FLOOD; i += 1) {
      // Another address sends fewer than a share.
      const isOther = i >= 200 && i < 203;
      const client = openFrom(isOther ? '127.0.0.3' : '127.0.0.2');
      client.on('connect', () => onConnect(client));
    }
    await until('all are accepted', 10_000, () => acceptedAre(FLOOD));
    const blocked = openFrom('127.0.0.2');
    await once(openFrom('127.0.0.3'), 'connect');
    await once(openFrom('::1'), 'connect');
    expect(blocked.connecting).toBe(true);
    expect(floods).toEqual(['packets from 127.0.0.2 are dropped for 0.5 s']);
    await once(blocked, 'connect');
  },
);

test('Connections of a flood that the kernel completes before the address is blocked are reset', async () => {
  const { openFrom, acceptedAre } = await serve('127.0.0.1');
  const clients = Array.from({ length: FLOOD + 100 }, () => openFrom('127.0.0.2'));
  const other = openFrom('127.0.0.3');
  await until('all are accepted', 10_000, () => acceptedAre(FLOOD + 101));
  const late = clients.slice(-100);
  await until('the last are reset', 5_000, () => late.every((each) => each.errored !== null));
  expect(new Set(late.map(({ errored }) => (errored as NodeJS.ErrnoException).code))).toEqual(
    new Set(['ECONNRESET']),
  );
  expect(other.errored).toBeNull();
});

test('A flood from many addresses is reported with five of them, IPv6 addresses in full', async () => {
  const { openFrom, acceptedAre, floods } = await serve('::');
  for (let i = 0; i < FLOOD; i += 1) openFrom(i % 8 === 1 ? '::1' : `127.0.1.${i % 8}`);
  await until('all are accepted', 10_000, () => acceptedAre(FLOOD));
  expect(floods).toEqual([
    'packets from 127.0.1.0, 0000:0000:0000:0000:0000:0000:0000:0001, 127.0.1.2, 127.0.1.3, 127.0.1.4 and 3 more are dropped for 0.5 s',
  ]);
});
