import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { goOnInOwnNamespace } from '../lab/real/own-namespace.ts';
import { missingTools } from '../lab/tools/tool.ts';
import type { Benchmark } from './support/benchmark.ts';

/*
 * `npm run bench -- <name>`: runs a benchmark of this folder, and prints its table; `all`: each, one after the other,
 * or three at once with `--short`, whose results say nothing anyhow. What was measured, and what it means: docs/performance.md.
 */

/** The longest first. */
const BENCHMARKS: Readonly<Record<string, () => Promise<Benchmark>>> = {
  served: async () => (await import('./served.ts')).served,
  'api-server-load': async () => (await import('./api-server-load.ts')).apiServerLoad,
  fidelity: async () => (await import('./fidelity.ts')).fidelity,
  cpu: async () => (await import('./cpu.ts')).cpu,
  cluster: async () => (await import('./cluster.ts')).cluster,
  footprint: async () => (await import('./footprint.ts')).footprint,
  dns: async () => (await import('./dns.ts')).dns,
  scale: async () => (await import('./scale.ts')).scale,
  start: async () => (await import('./start.ts')).start,
  growth: async () => (await import('./growth.ts')).growth,
  scrape: async () => (await import('./scrape.ts')).scrape,
};

const USAGE = `npm run bench -- all|${Object.keys(BENCHMARKS).join('|')} [--short] [--json] [its options]`;

/** Prints the reason and the usage, and exits with code 2. */
function refuse(reason: string): never {
  console.error(`${reason}\n${USAGE}`);
  process.exit(2);
}

/** Each in a separate process. Resolves to whether all of them succeeded. */
async function runAll(): Promise<boolean> {
  const atOnce = args.includes('--short') ? 3 : 1;
  const names = Object.keys(BENCHMARKS).values();
  const runInTurn = async () => {
    let succeeded = true;
    for (const each of names) succeeded = (await runSeparately(each)) && succeeded;
    return succeeded;
  };
  return (await Promise.all(Array.from({ length: atOnce }, runInTurn))).every(Boolean);
}

async function runSeparately(each: string): Promise<boolean> {
  const child = spawn(process.execPath, [import.meta.filename, each, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output, [exitCode]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  console.log(`\n## ${each}\n\n${output}`);
  return exitCode === 0;
}

const [name = '', ...args] = process.argv.slice(2);
if (name === 'all') process.exit((await runAll()) ? 0 : 1);
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
