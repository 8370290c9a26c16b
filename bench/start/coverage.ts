import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pack } from '../../deploy/image/pack.ts';
import { Cluster } from '../../lab/cluster/cluster.ts';
import { type FunctionCoverage, type Share, sharesOfPackages } from './coverage-ranges.ts';

const PAGES = ['/', '/alive', '/alwayshappy', '/ready', '/metrics', '/none'];
/** Packages smaller than this, in bytes, are counted together. */
const SMALL = 10_000;

/** The coverage of a package, or of all. */
export type Coverage = Readonly<{ name: string }> & Share;

/**
 * Makes the packed program, not minified, probe a cluster of three nodes for this long: one is only
 * scraped, one pushes protobuf, one JSON, and one is down for half of the time. Resolves to how
 * much of each package has run.
 */
export async function coverageOfPackages(milliseconds: number): Promise<Coverage[]> {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'kubenurse-coverage-'));
  stack.defer(() => rm(folder, { recursive: true }));
  const program = join(folder, 'kubenurse.cjs');
  await pack(program, { minify: false });
  const runs = join(folder, 'runs');
  await probe(program, runs, milliseconds);

  const all = sharesOfPackages(await readFile(program, 'utf8'), await readRuns(runs));
  const [large, small] = [[...all], [...all]].map((shares, isSmall) =>
    shares.filter(([, { bytes }]) => bytes < SMALL === Boolean(isSmall)),
  ) as [[string, Share][], [string, Share][]];
  return [
    ...large
      .toSorted(([, a], [, b]) => b.bytes - a.bytes)
      .map(([name, share]) => ({ name, ...share })),
    { name: `${small.length} smaller packages`, ...sum(small) },
    { name: 'all', ...sum([...all]) },
  ];
}

async function probe(program: string, runs: string, milliseconds: number): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const collector = createServer((request, response) => {
    request.resume();
    response.end();
  }).listen(0, '127.0.0.1');
  stack.defer(() => void collector.close());
  await once(collector, 'listening');
  const push = {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`,
    OTEL_METRIC_EXPORT_INTERVAL: '500',
  };
  const exporting: Record<string, Record<string, string>> = {
    'node-2': push,
    'node-3': { ...push, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' },
  };
  const cluster = stack.use(
    await Cluster.start({
      network: '127.86',
      nodes: 3,
      program,
      env: (node) => ({
        NODE_V8_COVERAGE: runs,
        KUBENURSE_CHECK_INTERVAL: '500ms',
        ...exporting[node],
      }),
    }),
  );
  for (const fault of ['node-3:down', undefined]) {
    if (fault === undefined) await cluster.heal('all');
    else await cluster.break(fault);
    const until = performance.now() + milliseconds / 2;
    while (performance.now() < until) {
      for (const node of cluster.nodes) {
        for (const page of PAGES) await node.get(page).catch(() => {});
      }
      await sleep(200);
    }
  }
}

/** What each process wrote about the program when it ended. */
async function readRuns(folder: string): Promise<FunctionCoverage[][]> {
  const files = await readdir(folder);
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  return texts.flatMap((text) => {
    const scripts: { url: string; functions: FunctionCoverage[] }[] = JSON.parse(text).result;
    return scripts
      .filter(({ url }) => url.endsWith('/kubenurse.cjs'))
      .map(({ functions }) => functions);
  });
}

function sum(shares: readonly (readonly [string, Share])[]): Share {
  return shares.reduce(
    (all, [, { bytes, run }]) => ({ bytes: all.bytes + bytes, run: all.run + run }),
    { bytes: 0, run: 0 },
  );
}
