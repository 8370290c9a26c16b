import { expect, test } from 'vitest';
import { createCheckClocks } from '../../src/probes/check-clock.ts';
import { createNameServerProbe } from '../../src/probes/name-server.ts';
import { resolverOf } from '../support/name-server.ts';
import { OK } from '../support/scripted-server.ts';
import { startThreadNameServer } from '../support/thread-name-server.ts';
import { startThreadServer } from '../support/thread-server.ts';
import { check, checkUrl } from './check-once.ts';
import {
  AT_ONCE,
  busyFor,
  durationOf,
  SERVING_MS,
  SLOW_MS,
  serveClients,
  serveInEachStep,
} from './serve-clients.ts';

/** A check of a name that this server resolves. */
async function checkOfName(server: Parameters<typeof resolverOf>[0][number]) {
  const { port } = await startThreadServer(undefined, [[0, OK]]);
  const clocks = await createCheckClocks();
  const begin = () =>
    checkUrl(new URL(`http://server.test:${port}/`), { resolve: resolverOf([server]), clocks });
  return { begin, clocks };
}

test('httpProbe() does not measure the time spent on clients while it looks up a name', async () => {
  const { udp } = await startThreadNameServer();
  const { begin, clocks } = await checkOfName(udp);
  const duration = await durationOf(begin, () => serveInEachStep(clocks));
  expect(duration).toBeLessThan(SERVING_MS / 2);
});

test.each([
  { what: 'the last address', options: { waits: { A: SLOW_MS } } },
  { what: 'the response to a query', options: { waits: { A: SLOW_MS }, isPreceded: true } },
])('httpProbe() measures all of the time until $what arrives', async ({ options }) => {
  const { udp } = await startThreadNameServer(options);
  const { begin, clocks } = await checkOfName(udp);
  const duration = await durationOf(begin, () => serveClients(clocks, AT_ONCE));
  expect(duration).toBeGreaterThanOrEqual(SLOW_MS);
});

test('httpProbe() measures all of it even if no client is served after a packet that is not a response', async () => {
  const { udp } = await startThreadNameServer({ waits: { A: SLOW_MS }, isPreceded: true });
  const { begin, clocks } = await checkOfName(udp);
  const serve = async () => clocks.whileServing(() => busyFor(SLOW_MS / 3));
  expect(await durationOf(begin, serve)).toBeGreaterThanOrEqual(SLOW_MS);
});

test.each(['udp', 'tcp'] as const)(
  'nameServerProbe() over %s does not measure the time spent on clients',
  async (transport) => {
    const server = (await startThreadNameServer())[transport];
    const clocks = await createCheckClocks();
    const names = () => ['server.test'] as const;
    const probe = createNameServerProbe({ server, transport, type: 'A', names, clocks });
    const duration = await durationOf(
      () => probe({ url: new URL('dns:unused') }, AbortSignal.timeout(8_000)),
      () => serveInEachStep(clocks),
    );
    expect(duration).toBeLessThan(SERVING_MS / 2);
  },
);

test('a check of a name server does not measure the time spent on clients', async () => {
  const { udp } = await startThreadNameServer();
  const clocks = await createCheckClocks();
  const duration = await durationOf(
    () => check(`dns://127.0.0.1:${udp.port}/server.test`, { clocks }),
    () => serveInEachStep(clocks),
  );
  expect(duration).toBeLessThan(SERVING_MS / 2);
});
