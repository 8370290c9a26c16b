import { beforeEach, expect, test, vi } from 'vitest';
import { until } from '../../lab/support/until.ts';
import { startScriptedServer } from '../support/api-server.ts';
import { Followed } from './follow.ts';
import { waits } from './short-waits.ts';
import { page } from './watch-server.ts';

const pauses: number[] = [];

vi.mock('node:timers/promises', async (load) => {
  const { shortenWaits } = await import('./short-waits.ts');
  const shortened = (await shortenWaits(load as never)) as typeof import('node:timers/promises');
  return {
    ...shortened,
    setTimeout: (milliseconds: number, ...rest: []) => {
      if (milliseconds !== 50) return shortened.setTimeout(milliseconds, ...rest);
      pauses.push(milliseconds);
      return shortened.setTimeout(0, ...rest);
    },
  };
});

beforeEach(() => {
  waits.length = 0;
  pauses.length = 0;
});

const ENDLESS = 'the API server sent an endless list';

test.each([
  { kind: 'repeats its token', names: (n: number) => [`pod-${n}`], token: () => 'same', pages: 2 },
  { kind: 'repeats its pages', names: () => ['pod'], token: (n: number) => `${n}`, pages: 2 },
  { kind: 'has empty pages', names: () => [], token: (n: number) => `${n}`, pages: 1 },
])(
  'Informer gives up on a list that $kind, reports it, and backs off',
  async ({ names, token, pages }) => {
    let requests = 0;
    await startScriptedServer((_, response) => {
      const number = requests++;
      response.end(page(names(number), { continue: token(number) }));
    });
    const followed = new Followed();
    await until('a wait', 5_000, () => waits.length >= 1);
    expect(requests).toBeLessThanOrEqual(pages * (waits.length + 1));
    expect(followed.reported).toEqual([ENDLESS]);
    expect(followed.items).toBeUndefined();
  },
);

test('Informer paces a list that does not end, and gives up after 400 pages', async () => {
  let requests = 0;
  await startScriptedServer((_, response) => {
    const number = requests++;
    response.end(page([`pod-${number}`], { continue: `${number}` }));
  });
  const followed = new Followed();
  await until('a wait', 30_000, () => waits.length >= 1);
  expect(followed.reported).toEqual([ENDLESS]);
  expect(requests).toBeGreaterThanOrEqual(400);
  expect(pauses.length).toBeGreaterThanOrEqual(200);
}, 60_000);
