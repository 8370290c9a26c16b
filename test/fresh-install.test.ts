import { expect, test } from 'vitest';
import { Cluster } from '../lab/cluster/cluster.ts';
import { countsOf } from '../lab/cluster/findings.ts';
import { SELDOM_MS, until } from '../lab/support/until.ts';
import { PROGRAM } from './support/program-file.ts';

/** How often each check of a node succeeded. */
async function successes(node: Cluster['nodes'][number]): Promise<Record<string, number>> {
  const counts = await countsOf(node, 'kubenurse_httpclient_requests_total');
  return Object.fromEntries(Object.entries(counts).map(([type, { 200: ok = 0 }]) => [type, ok]));
}

test.concurrent.each([
  { name: 'at once', initialDelay: 0, propagation: 2_000, network: '127.71' },
  { name: 'after 5 s', initialDelay: 5_000, propagation: 2_000, network: '127.72' },
])(
  'a fresh install counts no error when readiness is probed $name',
  async ({ name: _, network, ...readiness }) => {
    await using cluster = await Cluster.start({ nodes: 4, network, program: PROGRAM, readiness });
    const { nodes } = cluster;
    await until(
      'every node has had two good results of each own check',
      40_000,
      async () => {
        const each = await Promise.all(nodes.map(successes));
        return each.every((ok) => (ok.me_service ?? 0) >= 2 && (ok.me_ingress ?? 0) >= 2);
      },
      SELDOM_MS,
    );
    expect(await Promise.all(nodes.map((node) => countsOf(node)))).toEqual(nodes.map(() => ({})));
    expect(
      nodes.flatMap(({ log }) => log.all).filter((line) => line.includes('check failed')),
    ).toEqual([]);
  },
  90_000,
);
