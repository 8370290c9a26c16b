import { expect, test } from 'vitest';
import { FairTurns } from '../../src/pages/fair-turns.ts';

/**
 * Makes each of these wait for a turn while the first has one; resolves to the order in which all
 * got theirs.
 */
async function order(turns: FairTurns, clients: readonly string[]): Promise<string> {
  const taken: string[] = [];
  const all = clients.map(async (client) => {
    await turns.take(client);
    taken.push(client);
    await Promise.resolve();
    turns.end();
  });
  await Promise.all(all);
  return taken.join(' ');
}

test('of the clients that wait, one that has had no turn gets the next', async () => {
  const turns = new FairTurns();
  expect(await order(turns, ['a', 'a', 'a', 'b', 'c', 'b'])).toBe('a b c a b a');
  expect(await order(turns, ['c', 'a', 'b', 'd'])).toBe('c d b a');
});

test('a turn that nobody waits for is available to the next client', async () => {
  const turns = new FairTurns();
  expect(await order(turns, ['a'])).toBe('a');
  expect(await order(turns, ['a'])).toBe('a');
});
