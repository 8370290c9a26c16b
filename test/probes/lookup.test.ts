import type { LookupAddress } from 'node:dns';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { createLookup } from '../../src/probes/lookup.ts';
import { nameServer, resolverOf } from '../support/name-server.ts';
import { OK, ScriptedServer, say } from '../support/scripted-server.ts';

const BOTH = [
  { address: 'fd00::1', family: 6 },
  { address: '10.0.0.1', family: 4 },
];

async function lookup(name: string, options: object | number): Promise<string | LookupAddress[]> {
  const names = await nameServer({ 'both.test': ['fd00::1', '10.0.0.1'] });
  const found = await promisify(createLookup(resolverOf([names])))(name, options as object);
  return found as unknown as string | LookupAddress[];
}

test.each([
  ['both.test', { all: true }, BOTH],
  ['both.test', { all: true, family: 4 }, [BOTH[1]]],
  ['both.test', { all: true, family: 'IPv6' }, [BOTH[0]]],
  ['both.test', {}, 'fd00::1'],
  ['both.test', 4, '10.0.0.1'],
  ['10.0.0.9', { all: true }, [{ address: '10.0.0.9', family: 4 }]],
])('createLookup() finds for %s with %j what dns.lookup would', async (name, options, found) => {
  expect(await lookup(name, options)).toEqual(found);
});

test('createLookup() fails with the code of the resolver, and if there is no address of the family', async () => {
  await expect(lookup('none.test', {})).rejects.toMatchObject({ code: 'ENOTFOUND' });
  await expect(lookup('10.0.0.9', { family: 6 })).rejects.toThrow('10.0.0.9 has no IPv6 address');
});

test('createLookup() works for a connection of Node', async () => {
  const target = await ScriptedServer.start({ script: say(OK) });
  const names = await nameServer({ 'target.test': [target.host] });
  const socket = connect({
    host: 'target.test',
    port: target.port,
    lookup: createLookup(resolverOf([names])),
  });
  await new Promise((resolve, reject) => socket.on('connect', resolve).on('error', reject));
  expect(socket.remoteAddress).toBe(target.host);
  socket.destroy();
});
