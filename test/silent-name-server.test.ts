import { expect, onTestFinished, test } from 'vitest';
import { until } from '../lab/support/until.ts';
import { CheckStates } from '../src/check-states.ts';
import { createHttpProbe } from '../src/probes/http.ts';
import { Schedule } from '../src/schedule.ts';
import { fakeCheck } from './support/fake-check.ts';
import { nameServer, resolverOf } from './support/name-server.ts';
import { OK, ScriptedServer, say } from './support/scripted-server.ts';

const INTERVAL_MS = 500;
const ROUNDS = 4;

test('a name server that is silent for 20 checks delays no other check, by name or by address', async () => {
  const target = await ScriptedServer.start({ script: say(OK) });
  const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);
  const silent = numbers(20).map((index) => `silent-${index}.test`);
  const named = numbers(5).map((index) => `a${index}.test`);
  const names = await nameServer(Object.fromEntries(named.map((name) => [name, [target.host]])));
  names.break('silent', silent);
  const probe = createHttpProbe({
    resolve: resolverOf([names]),
    secureContext: () => {
      throw new Error('there is no TLS here');
    },
    insecure: false,
    userAgent: 'test',
  });
  const checkOf = (type: string, host: string) =>
    fakeCheck(type, { url: `http://${host}:${target.port}/`, probe });
  const addressed = numbers(15).map((index) => `address-${index}`);
  const checks = [
    ...[...silent, ...named].map((name) => checkOf(name, name)),
    ...addressed.map((type) => checkOf(type, target.host)),
  ];
  const answeredAt = new Map<string, number[]>();
  const schedule = new Schedule({
    states: new CheckStates(0),
    checks: () => checks,
    recorders: [
      {
        record: ({ check: { type }, outcome }) => {
          expect(outcome.kind).toBe('ok');
          answeredAt.set(type, [...(answeredAt.get(type) ?? []), performance.now()]);
        },
      },
    ],
    interval: INTERVAL_MS,
    phaseOffset: 0,
  });
  onTestFinished(() => schedule.stop());

  schedule.start();
  const others = [...named, ...addressed];
  await until('every other has responded four times', 10_000, () =>
    others.every((type) => (answeredAt.get(type)?.length ?? 0) >= ROUNDS),
  );

  // Each responds in every round. A silent name server takes 5 s or more.
  for (const type of others) {
    const [first = 0, , , fourth = 0] = answeredAt.get(type) ?? [];
    expect(fourth - first).toBeLessThan(3 * INTERVAL_MS + 3_000);
  }
  expect(silent.filter((type) => answeredAt.has(type))).toEqual([]);
});
