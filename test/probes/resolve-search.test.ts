import { describe, expect, test } from 'vitest';
import { nameServer, queriedNames, resolverOf } from '../support/name-server.ts';

const live = new AbortController().signal;

describe('createResolver() tries the names of the search list', () => {
  const conf = 'search one.test two.test\noptions ndots:2';

  test.each([
    { name: 'a', names: ['a.one.test', 'a.two.test', 'a'] },
    { name: 'a.b', names: ['a.b.one.test', 'a.b.two.test', 'a.b'] },
    { name: 'a.b.c', names: ['a.b.c', 'a.b.c.one.test', 'a.b.c.two.test'] },
    { name: 'a.b.', names: ['a.b'] },
  ])('according to ndots, in order: $name', async ({ name, names }) => {
    const server = await nameServer();

    await expect(resolverOf([server], conf)(name, live)).rejects.toMatchObject({
      code: 'ENOTFOUND',
    });

    expect(queriedNames(server)).toEqual(names);
  });

  test('up to the first that has an address', async () => {
    const server = await nameServer({ 'a.two.test': ['127.0.5.2'], a: ['127.0.5.3'] });

    expect(await resolverOf([server], conf)('a', live)).toEqual(['127.0.5.2']);

    expect(queriedNames(server)).toEqual(['a.one.test', 'a.two.test']);
  });

  test('past one that has no address', async () => {
    const server = await nameServer({ 'a.one.test': [], 'a.two.test': ['127.0.5.2'] });

    expect(await resolverOf([server], conf)('a', live)).toEqual(['127.0.5.2']);
  });

  test('past one for which the server fails', async () => {
    const server = await nameServer({ 'a.two.test': ['127.0.5.2'] });
    server.break('servfail', ['a.one.test']);

    expect(await resolverOf([server], conf)('a', live)).toEqual(['127.0.5.2']);
  });

  test('but not past one for which the server is silent for the attempts and timeout of resolv.conf', async () => {
    const server = await nameServer({ 'a.two.test': ['127.0.5.2'] });
    server.break('silent', ['a.one.test']);
    const began = performance.now();

    const resolving = resolverOf([server], `${conf} timeout:1`)('a', live);

    await expect(resolving).rejects.toMatchObject({ code: 'ETIMEOUT' });
    // The default of 5 s would make it 10 s.
    expect(performance.now() - began).toBeLessThan(8_000);
    expect(server.queries.map(({ name, type }) => `${name} ${type}`).toSorted()).toEqual([
      'a.one.test A',
      'a.one.test AAAA',
    ]);
  });
});
