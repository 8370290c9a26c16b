import { once } from 'node:events';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { Lines, Program } from '../cluster/program.ts';
import { until } from '../cluster/until.ts';
import { ask } from '../served-pages.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** A port that was free just now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await server[Symbol.asyncDispose]();
  return port;
}

// The page stands in main.ts, so that the program itself is asked.
test('/ answers 301 to /alive', async () => {
  const port = await freePort();
  const output = { stdout: new Lines(), stderr: new Lines() };
  const program = new Program(
    MAIN,
    {
      KUBENURSE_LISTEN_ADDRESS: '127.0.0.1',
      KUBENURSE_PORT: String(port),
      KUBENURSE_CHECK_API_SERVER_DIRECT: 'false',
      KUBENURSE_CHECK_API_SERVER_DNS: 'false',
      KUBENURSE_CHECK_ME_INGRESS: 'false',
      KUBENURSE_CHECK_ME_SERVICE: 'false',
      KUBENURSE_CHECK_NEIGHBOURHOOD: 'false',
      KUBENURSE_SHUTDOWN_DURATION: '0s',
    },
    output,
  );
  onTestFinished(() => program.stop());
  await until('it listens', 10_000, () =>
    output.stdout.all.some((line) => line.includes('kubenurse is listening')),
  );
  const { status, headers } = await ask(port, '/');
  expect([status, headers.location]).toEqual([301, '/alive']);
});
