import { request } from 'node:http';
import { expect, test } from 'vitest';
import { inTurn } from '../../src/pages/in-turn.ts';
import { until } from '../cluster/until.ts';
import { ask, servePages } from '../served-pages.ts';

/** A page that answers, when it is let, with how many others it was answering at that time. */
async function serveInTurn() {
  const begun: (() => void)[] = [];
  let underWay = 0;
  const { port, errors } = await servePages({
    '/page': inTurn(async (context) => {
      underWay += 1;
      const others = underWay - 1;
      const { promise, resolve } = Promise.withResolvers<void>();
      begun.push(resolve);
      await promise;
      underWay -= 1;
      if (context.query.fails !== undefined) throw new Error('no page today');
      context.body = `${others}`;
    }),
  });
  const seen = (count: number) => until(`${count} have begun`, 5_000, () => begun.length === count);
  return { port, errors, begun, seen };
}

/** The status of the answer to a client at that address, and when it is to come again. */
function answerFor(localAddress: string, port: number): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const signal = AbortSignal.timeout(10_000);
  const path = '/page';
  request({ host: '127.0.0.1', port, path, localAddress, agent: false, signal }, (response) => {
    response.resume();
    const again = response.headers['retry-after'];
    resolve(`${response.statusCode}${again === undefined ? '' : `, again in ${again}`}`);
  })
    .on('error', reject)
    .end();
  return promise;
}

test('inTurn() answers one request at a time, with a rest between two', async () => {
  const { port, begun, seen } = await serveInTurn();
  const answers = [1, 2, 3].map(() => ask(port, '/page'));
  const times: number[] = [];
  for (const count of [1, 2, 3]) {
    await seen(count);
    begun[count - 1]?.();
    times.push(performance.now());
  }
  expect((await Promise.all(answers)).map(({ body }) => body)).toEqual(['0', '0', '0']);
  const [first = 0, second = 0, third = 0] = times;
  expect(Math.min(second - first, third - second)).toBeGreaterThan(90);
});

test('inTurn() answers one that comes alone at once', async () => {
  const { port, begun, seen } = await serveInTurn();
  const answer = ask(port, '/page');
  await seen(1);
  begun[0]?.();
  expect(await answer).toMatchObject({ status: 200, body: '0' });
});

test('inTurn() refuses a client of which four wait, and no other', async () => {
  const { port, begun, seen } = await serveInTurn();
  const greedy = [answerFor('127.0.0.2', port)];
  await seen(1);
  let refused = 0;
  for (let i = 0; i < 10; i += 1) {
    const answer = answerFor('127.0.0.2', port);
    greedy.push(answer);
    answer.then((text) => {
      refused += Number(text === '429, again in 1');
    });
  }
  await until('six of them are refused', 5_000, () => refused === 6);
  const modest = answerFor('127.0.0.3', port);
  for (let count = 1; count <= 6; count += 1) {
    await seen(count);
    begun[count - 1]?.();
  }
  expect(await modest).toBe('200');
  const answers = await Promise.all(greedy);
  expect(answers.filter((answer) => answer === '200')).toHaveLength(5);

  const later = answerFor('127.0.0.2', port);
  await seen(7);
  begun[6]?.();
  expect(await later).toBe('200');
});

test('inTurn() goes on after an answer that failed', async () => {
  const { port, errors, begun, seen } = await serveInTurn();
  const failing = ask(port, '/page?fails');
  await seen(1);
  const next = ask(port, '/page');
  begun[0]?.();
  expect((await failing).status).toBe(500);
  await seen(2);
  begun[1]?.();
  expect(await next).toMatchObject({ status: 200, body: '0' });
  expect(errors).toEqual(['a request cannot be answered: no page today']);
});
