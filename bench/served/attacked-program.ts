import { httpGet } from '../../lab/support/http-get.ts';
import { freePort } from '../../lab/support/server-process.ts';
import { until } from '../../lab/support/until.ts';
import { FINE_HISTOGRAM } from './check-latencies.ts';
import { startNeighbours } from './neighbours.ts';
import { type Served, startBare, startPacked } from './packed-program.ts';
import { tlsSettings } from './tls-settings.ts';

const NEIGHBOURS = 10;

/** Short, to get enough checks: a round of eleven twice a second. */
const INTERVAL_MS = 500;

/**
 * The chart's memory limit, in bytes, and what V8 derives from it in a container: half of it for
 * the heap.
 */
export const MEMORY_LIMIT = 192 * 2 ** 20;
const HEAP_FLAGS = ['--max-old-space-size=96'];

/** `attackedPort`: the HTTPS port, if it serves both. */
export type Attackable = Served & Readonly<{ attackedPort: number }>;

/**
 * The source address of scrapes. 127.0.0.1 is also the address of the program's own requests, twice
 * a second: an address that is never idle waits along with the attackers' addresses.
 */
const PROMETHEUS = '127.91.0.1';

/**
 * Starts the program with ten targets, and waits until it has checked them: neighbours, or URLs if
 * `overTls` is set, because neighbours would then be checked over TLS.
 */
export async function startAttackable(
  stack: AsyncDisposableStack,
  file: string,
  overTls: boolean,
  enter: readonly string[],
): Promise<Attackable> {
  const neighbours = await startNeighbours(stack, NEIGHBOURS);
  const urls = Array.from(
    { length: NEIGHBOURS },
    (_, i) => `url-${i}:${neighbours.KUBENURSE_SERVICE_URL}/alwayshappy`,
  );
  const tlsPort = await freePort();
  const environment = {
    ...neighbours,
    ...(overTls && {
      KUBENURSE_CHECK_NEIGHBOURHOOD: 'false',
      KUBENURSE_EXTRA_CHECKS: urls.join('|'),
      ...(await tlsSettings(stack, tlsPort)),
    }),
    ...FINE_HISTOGRAM,
    KUBENURSE_CHECK_INTERVAL: `${INTERVAL_MS}ms`,
  };
  const program = await startPacked(stack, file, environment, HEAP_FLAGS, enter);
  const served = { ...program, attackedPort: overTls ? tlsPort : program.port };
  const last = `type="${overTls ? 'url-' : 'path_node-'}${NEIGHBOURS - 1}`;
  await until('the targets are checked', 20_000, async () => (await scrape(served)).includes(last));
  return served;
}

/**
 * Starts Node's own server, with `overTls` over TLS as well; any path other than `/alwayshappy` has
 * a body of `bodyLength` bytes.
 */
export async function startAttackableBare(
  stack: AsyncDisposableStack,
  bodyLength: number,
  overTls: boolean,
  enter: readonly string[],
): Promise<Attackable> {
  const tlsPort = await freePort();
  const settings = overTls ? await tlsSettings(stack, tlsPort) : {};
  const bare = await startBare(stack, bodyLength, settings, enter);
  return { ...bare, attackedPort: overTls ? tlsPort : bare.port };
}

/** Requests the program's `/metrics` as Prometheus does. Throws if it is not served within 10 s. */
export async function scrape({ port }: Served): Promise<string> {
  const { status, body } = await httpGet(
    `http://127.0.0.1:${port}/metrics`,
    10_000,
    undefined,
    PROMETHEUS,
  );
  if (status !== 200) throw new Error(`/metrics responded with ${status}`);
  return body;
}
