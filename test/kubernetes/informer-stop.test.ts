import { expect, test } from 'vitest';
import { until } from '../../lab/support/until.ts';
import { startApiServer, startScriptedServer } from '../support/api-server.ts';
import { Followed } from './follow.ts';
import { page } from './watch-server.ts';

/** Expects it to end before any wait is over (1 s at least), without reporting an error. */
async function expectToStop(followed: Followed): Promise<void> {
  const { reported } = followed;
  const before = [...reported];
  const started = performance.now();
  await followed.stop();
  expect(performance.now() - started).toBeLessThan(950);
  expect(reported).toEqual(before);
}

test('Informer.follow() ends at once before it has begun', async () => {
  const { server } = await startApiServer();
  await expectToStop(new Followed());
  expect(server.watchers).toBe(0);
});

test('Informer.follow() ends at once during a watch, and leaves nothing open', async () => {
  const { server } = await startApiServer();
  const followed = new Followed();
  await until('it watches', 5_000, () => server.watchers === 1);
  await expectToStop(followed);
  await until('the watch is closed', 1_000, () => server.watchers === 0);
  expect(server.requests).toHaveLength(2);
});

test('Informer.follow() ends at once while the API server hangs', async () => {
  const { server } = await startApiServer();
  await server.break({ kind: 'hang' });
  await expectToStop(new Followed());
});

test('Informer.follow() ends at once while it waits after a failure', async () => {
  const { server } = await startApiServer();
  await server.break({ kind: 'status', code: 500 });
  const followed = new Followed();
  // From now on it waits for at least a second.
  await followed.hears(1);
  await expectToStop(followed);
  expect(server.requests).toHaveLength(1);
});

test.each(['before the response', 'amid a page', 'between two pages'])(
  'Informer.follow() ends at once %s',
  async (when) => {
    let requested = false;
    let closed = false;
    await startScriptedServer(({ url = '' }, response) => {
      response.once('close', () => {
        closed = requested;
      });
      if (when === 'between two pages' && !url.includes('continue')) {
        response.end(page(['a'], { continue: 'b' }));
        return;
      }
      if (when === 'amid a page') response.write('{"items":');
      requested = true;
    });
    const followed = new Followed();
    await until('it has requested', 5_000, () => requested);
    await expectToStop(followed);
    expect(followed.items).toBeUndefined();
    await until('the connection is closed', 1_000, () => closed);
  },
);
