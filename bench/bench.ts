import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpus } from 'node:os';
import { text } from 'node:stream/consumers';
import { goOnInOwnNamespace } from '../lab/real/own-namespace.ts';
import type { Benchmark } from './support/benchmark.ts';
import {
  type Arguments,
  optionsHelp,
  readArguments,
  whatIsMissing,
} from './support/command-line.ts';
import { OptionError } from './support/options.ts';

/*
 * `npm run bench -- <name>`: runs a benchmark of this folder, and prints its table; `all`: runs
 * each, one after another, or three at once with `--short`, whose numbers are meaningless anyway.
 * Results and their discussion: docs/performance.md.
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

/** How to run this, and what each benchmark measures. */
async function usage(): Promise<string> {
  const benchmarks = Object.entries(BENCHMARKS).map(
    async ([each, load]) => `  ${each.padEnd(17)}${(await load()).summary}`,
  );
  return `npm run bench -- all|<benchmark> [--short] [--json] [options of the benchmark]
npm run bench -- <benchmark> --help

${(await Promise.all(benchmarks)).join('\n')}

--short: only check that it works; the numbers are meaningless
--json: print the data instead of a table`;
}

/** Prints the reason, and exits with code 2. */
function refuse(reason: string): never {
  console.error(`${reason}\nSee: npm run bench`);
  process.exit(2);
}

/** Refuses errors that are due to the arguments; throws any other. */
function refuseArguments(error: unknown): never {
  if (error instanceof OptionError) return refuse(error.message);
  throw error;
}

/** The benchmark of this name, and its arguments. Refuses what it cannot run with. */
async function prepare(name: string): Promise<{ benchmark: Benchmark; given: Arguments }> {
  const load = Object.hasOwn(BENCHMARKS, name) ? BENCHMARKS[name] : undefined;
  if (load === undefined) return refuse(`unknown benchmark "${name}"`);
  const benchmark = await load();
  try {
    const given = readArguments(args, benchmark.options);
    const notBuilt = given.help ? undefined : whatIsMissing(benchmark);
    return notBuilt === undefined ? { benchmark, given } : refuse(notBuilt);
  } catch (error) {
    return refuseArguments(error);
  }
}

/** Runs each in a separate process. Resolves to whether all of them succeeded. */
async function runAll(): Promise<boolean> {
  for (const each of Object.keys(BENCHMARKS)) await prepare(each);
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

async function run(name: string): Promise<void> {
  const { benchmark, given } = await prepare(name);
  const { short, json, help, values } = given;
  if (help) {
    console.log(`${name}: ${benchmark.summary}\n${optionsHelp(benchmark.options)}`);
    return;
  }
  if (benchmark.inOwnNamespace) await goOnInOwnNamespace();
  const logProgress = (progress: string) => console.error(progress);
  const result = await benchmark.run({ short, values, logProgress }).catch(refuseArguments);
  console.log(json ? JSON.stringify(result, undefined, 2) : withMachine(benchmark.table(result)));
  const missed = short ? [] : (benchmark.missedGoals?.(result) ?? []);
  for (const goal of missed) console.error(`missed: ${goal}`);
  if (missed.length > 0) process.exitCode = 1;
}

/** The table, and where and when it was measured. */
function withMachine(table: string): string {
  const [processor] = cpus();
  const date = new Date().toISOString().slice(0, 10);
  const machine = `${cpus().length} × ${processor?.model.trim()}`;
  return `${table}\n\n${date}, Node ${process.versions.node}, ${machine}`;
}

const [name, ...args] = process.argv.slice(2);
const isHelp = name === undefined || name === '--help';
if (isHelp || (name === 'all' && args.includes('--help'))) console.log(await usage());
else if (name === 'all') process.exit((await runAll()) ? 0 : 1);
else await run(name);
