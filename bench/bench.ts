import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { goOnInOwnNamespace } from '../lab/real/own-namespace.ts';
import { missingTools } from '../lab/tools/tool.ts';
import type { Benchmark } from './support/benchmark.ts';

/*
 * `npm run bench -- <name>`: runs a benchmark of this folder, and prints its table; `all`: each, one after the other.
 * What was measured, and what it means: docs/performance.md.
 */

const BENCHMARKS: Readonly<Record<string, () => Promise<Benchmark>>> = {
  'api-server-load': async () => (await import('./api-server-load.ts')).apiServerLoad,
  cluster: async () => (await import('./cluster.ts')).cluster,
  cpu: async () => (await import('./cpu.ts')).cpu,
  dns: async () => (await import('./dns.ts')).dns,
  fidelity: async () => (await import('./fidelity.ts')).fidelity,
  footprint: async () => (await import('./footprint.ts')).footprint,
  growth: async () => (await import('./growth.ts')).growth,
  served: async () => (await import('./served.ts')).served,
  scale: async () => (await import('./scale.ts')).scale,
  scrape: async () => (await import('./scrape.ts')).scrape,
  start: async () => (await import('./start.ts')).start,
};

const USAGE = `npm run bench -- all|${Object.keys(BENCHMARKS).join('|')} [--short] [--json] [its options]`;

/** Prints the reason and the usage, and exits with code 2. */
function refuse(reason: string): never {
  console.error(`${reason}\n${USAGE}`);
  process.exit(2);
}

/** Each in a separate process, and ends with 1 where one of them failed. */
function runAll(): never {
  let exitCode = 0;
  for (const each of Object.keys(BENCHMARKS)) {
    console.log(`\n## ${each}\n`);
    const { status } = spawnSync(process.execPath, [import.meta.filename, each, ...args], {
      stdio: 'inherit',
    });
    if (status !== 0) exitCode = 1;
  }
  process.exit(exitCode);
}

const [name = '', ...args] = process.argv.slice(2);
if (name === 'all') runAll();
const load = Object.hasOwn(BENCHMARKS, name) ? BENCHMARKS[name] : undefined;
if (load === undefined)
  refuse(name === '' ? 'a benchmark is required' : `unknown benchmark "${name}"`);
const benchmark: Benchmark = await load();
const { short, json, ...values } = readOptions(benchmark);
const missing = missingTools(benchmark.tools ?? []);
if (missing.length > 0) refuse(`npm run tools has not built ${missing.join(', ')}`);
if (benchmark.inOwnNamespace) await goOnInOwnNamespace();

const logProgress = (progress: string) => console.error(progress);
const result = await benchmark.run({ short, values, logProgress });
if (json) {
  console.log(JSON.stringify(result, undefined, 2));
} else {
  const [processor] = cpus();
  const date = new Date().toISOString().slice(0, 10);
  console.log(`${benchmark.table(result)}\n`);
  console.log(
    `${date}, Node ${process.versions.node}, ${cpus().length} × ${processor?.model.trim()}`,
  );
}

function readOptions({ options = {} }: Benchmark) {
  const own = Object.entries(options).map(
    ([option, value]) => [option, { type: 'string', default: value }] as const,
  );
  try {
    const { values } = parseArgs({
      args,
      options: {
        ...Object.fromEntries(own),
        short: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
      },
    });
    return values;
  } catch (error) {
    return refuse((error as Error).message);
  }
}
