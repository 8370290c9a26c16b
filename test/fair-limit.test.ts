import { expect, test, vi } from 'vitest';
import { FairLimit, type Held } from '../src/fair-limit.ts';

/** `next()` creates a numbered holder; `destroyed` lists the destroyed ones' numbers, in order. */
function holders() {
  const destroyed: number[] = [];
  let number = 0;
  const next = (): Held => {
    const own = ++number;
    return { destroy: () => destroyed.push(own) };
  };
  return { destroyed, next };
}

test('FairLimit destroys the oldest entry of the client with the most', () => {
  const { destroyed, next } = holders();
  const limit = new FairLimit(5);
  for (const client of ['a', 'b', 'b', 'b', 'a']) limit.add(client, next());
  limit.add('c', next());
  expect(destroyed).toEqual([2]);
});

test('FairLimit spares recently used entries, and ignores removed ones', () => {
  const { destroyed, next } = holders();
  const limit = new FairLimit(10, 3);
  const [first, second, third] = [next(), next(), next()];
  for (const held of [first, second, third]) limit.add('a', held);
  limit.touch('a', first);
  limit.add('a', next());
  limit.remove('a', third);
  limit.touch('a', third);
  for (let i = 0; i < 2; i += 1) limit.add('a', next());
  expect(destroyed).toEqual([2, 1]);
});

test('FairLimit destroys an entry of the client with the most, even if all its entries were used', () => {
  const { destroyed, next } = holders();
  const limit = new FairLimit(3);
  const [first, second, third] = [next(), next(), next()];
  limit.add('few', first);
  limit.add('many', second);
  limit.add('many', third);
  for (const held of [second, third]) limit.touch('many', held);
  limit.add('other', next());
  expect(destroyed).toEqual([2]);
});

test('FairLimit knows the client with the most after entries were removed', () => {
  const { destroyed, next } = holders();
  const limit = new FairLimit(5);
  const all = ['a', 'a', 'a', 'b', 'b'].map((client) => ({ client, held: next() }));
  for (const { client, held } of all) limit.add(client, held);
  for (const { client, held } of all.slice(0, 2)) limit.remove(client, held);
  limit.add('c', next());
  limit.add('c', next());
  limit.add('d', next());
  expect(destroyed).toEqual([4]);
});

test('FairLimit ignores a repeated removal, and one after a destruction', () => {
  const { destroyed, next } = holders();
  const limit = new FairLimit(2, 1);
  const [first, second] = [next(), next()];
  limit.add('a', first);
  limit.add('a', second);
  for (let i = 0; i < 3; i += 1) limit.remove('a', first);
  limit.add('b', next());
  limit.add('c', next());
  expect(destroyed).toEqual([1, 2]);
});

/**
 * How many entries of maps and sets are visited when 100 clients join this many, which hold one
 * entry each and have reached the limit.
 */
function visitedWith(clients: number): number {
  const { destroyed, next } = holders();
  const limit = new FairLimit(clients);
  for (let i = 0; i < clients; i += 1) limit.add(`client ${i}`, next());
  const iterators = [new Map().entries(), new Set().values()].map(Object.getPrototypeOf);
  const spies = iterators.map((iterator) => vi.spyOn(iterator, 'next'));
  for (let i = 0; i < 100; i += 1) limit.add(`other ${i}`, next());
  const visited = spies.reduce((sum, spy) => sum + spy.mock.calls.length, 0);
  for (const spy of spies) spy.mockRestore();
  expect(destroyed).toHaveLength(100);
  return visited;
}

test('FairLimit finds the client with the most without visiting every client', () => {
  const few = visitedWith(10);
  expect(few).toBeGreaterThan(0);
  expect(visitedWith(1_000)).toBe(few);
});
