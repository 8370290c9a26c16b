import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { Cluster } from '../lab/cluster/cluster.ts';
import { isMissing } from '../lab/embedded/one-address.ts';
import { SELDOM_MS, until } from '../lab/support/until.ts';
import { Ring } from '../src/neighbours/choose.ts';
import { PROGRAM } from './support/program-file.ts';
import { temporaryFile } from './support/temporary-file.ts';

const NETWORK = '127.27';
const NODES = ['node-1', 'node-2', 'node-3', 'node-4', 'node-5', 'node-6'];
const LIMIT = 2;
const FROM = 'node-1';
const [TO = ''] = NODES.filter(
  (node) => node !== FROM && !new Ring().choose(FROM, NODES, LIMIT).includes(node),
);
/** A pod that reaches both. */
const OBSERVER = NODES.findLast((node) => node !== FROM && node !== TO) ?? '';
const PATH = `path_${TO}`;
const PRELOAD = new URL('support/broken-path-preload.ts', import.meta.url).href;

/** Nodes are told apart by their addresses, and some machines have only one. */
const hasOneAddress = await isMissing(`${NETWORK}.1.1`);

const LIMIT_MS = 20_000;

test.skipIf(hasOneAddress)(
  'With 6 nodes that each check 2, a broken path outside these checks is found, named and recovers',
  { timeout: 120_000 },
  async () => {
    const file = temporaryFile('');
    await using cluster = await Cluster.start({
      network: NETWORK,
      nodes: NODES.length,
      program: PROGRAM,
      env: (node) => ({
        KUBENURSE_CHECK_INTERVAL: '1s',
        KUBENURSE_NEIGHBOUR_LIMIT: `${LIMIT}`,
        KUBENURSE_SHUTDOWN_DURATION: '0',
        ...(node === FROM && { NODE_OPTIONS: `--import=${PRELOAD}`, BROKEN_PATH: file }),
      }),
    });
    const page = async (node: string, path: string) => (await cluster.node(node).get(path)).body;
    const findings = async () => {
      const { findings } = JSON.parse(await page(OBSERVER, '/cluster.json'));
      return findings.filter(({ kind }: { kind: string }) => kind !== 'slow' && kind !== 'starved');
    };
    const rotated = async (node: string) => {
      const counts = (await page(node, '/metrics')).matchAll(
        /^kubenurse_httpclient_requests_total\{.*type="rotating".*\} (\d+)$/gm,
      );
      return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
    };
    const rotate = async (what: string) => {
      const before = await Promise.all(NODES.map(rotated));
      const isOnce = async (node: string, index: number) =>
        (await rotated(node)) >= (before[index] ?? 0) + NODES.length;
      const areAll = async () => (await Promise.all(NODES.map(isOnce))).every(Boolean);
      await until(what, LIMIT_MS, areAll, SELDOM_MS);
    };
    await rotate('every pod comes to every other');

    writeFileSync(file, cluster.node(TO).address);
    await until(
      'the verdict names the path',
      LIMIT_MS,
      async () => (await findings()).length > 0,
      SELDOM_MS,
    );
    expect(await findings()).toMatchObject([
      { kind: 'path', cause: 'refused', subject: { type: 'path', from: FROM, to: TO } },
    ]);
    const metrics = await page(FROM, '/metrics');
    expect(metrics).toContain(`kubenurse_check_success{type="${PATH}"} 0`);
    expect(metrics).toContain(`kubenurse_neighbour_suspect{type="${PATH}"} 1`);
    expect(JSON.parse(await page(FROM, '/alive')).last_check_result).toMatchObject({
      [PATH]: expect.stringContaining('ECONNREFUSED'),
    });
    const others = NODES.filter((node) => node !== FROM);
    const statuses = others.map(async (node) => (await cluster.node(node).get('/alive')).status);
    expect(await Promise.all(statuses)).toEqual(others.map(() => 200));

    writeFileSync(file, '');
    await until('the path is ok', LIMIT_MS, async () => (await findings()).length === 0, SELDOM_MS);
    expect(await page(FROM, '/metrics')).toContain(`kubenurse_check_success{type="${PATH}"} 1`);
    expect((await cluster.node(FROM).get('/alive')).status).toBe(200);

    // It counts pods since its start, and their rotating checks must not count.
    await cluster.node(TO).kill();
    await cluster.node(TO).restart();
    await until('it rotates again', LIMIT_MS, async () => (await rotated(TO)) > 0, SELDOM_MS);
    await rotate('every pod comes to every other again');
    expect(await page(TO, '/metrics')).toContain(
      `kubenurse_neighbourhood_incoming_checks ${LIMIT}`,
    );
  },
);
