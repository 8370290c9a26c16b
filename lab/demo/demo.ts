import { createInterface } from 'node:readline';
import { parseArgs, styleText } from 'node:util';
import { Cluster } from '../cluster/cluster.ts';
import { parseFault } from '../cluster/faults.ts';
import { parseFault as parseKubernetesFault } from '../kubernetes/faults.ts';
import { whatKubernetesLacks } from '../kubernetes/prerequisites.ts';
import { goOnInOwnNamespace, shellCommand } from '../real/own-namespace.ts';
import { whatRealPartsLack } from '../real/prerequisites.ts';
import { realParts } from '../real/real-parts.ts';
import { Mutex } from '../support/mutex.ts';
import { continueAll, pauseAll } from '../support/owned-process.ts';
import { changes } from './changes.ts';
import { execute } from './commands.ts';
import { clock } from './failures.ts';
import { kubernetesDemo } from './kubernetes.ts';
import { Screen } from './screen.ts';
import { table } from './table.ts';
import { MAX_KUBERNETES_NODES, MAX_NODES, usage } from './usage.ts';
import { Watch } from './watch.ts';

const MAX_COLUMNS = 100;

type Arguments = Readonly<{
  nodes: number;
  faults: readonly string[];
  real: boolean;
  kubernetes: boolean;
  help: boolean;
}>;

/** Throws with what is wrong. */
function readArguments(): Arguments {
  const { values } = parseArgs({
    options: {
      nodes: { type: 'string' },
      real: { type: 'boolean', default: false },
      kubernetes: { type: 'boolean', default: false },
      break: { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const { kubernetes } = values;
  const { nodes: written = kubernetes ? '3' : '5' } = values;
  const nodes = /^\d+$/.test(written) ? Number(written) : 0;
  const most = kubernetes ? MAX_KUBERNETES_NODES : MAX_NODES;
  if (nodes < 1 || nodes > most) {
    throw new Error(`--nodes ${written}: expected a number from 1 to ${most}`);
  }
  const names = Array.from({ length: nodes }, (_, index) => `node-${index + 1}`);
  for (const fault of values.break) {
    if (kubernetes) parseKubernetesFault(fault, names);
    else parseFault(fault, names, values.real ? 'real' : 'embedded');
  }
  return { nodes, faults: values.break, real: values.real, kubernetes, help: values.help };
}

/** On a terminal, a table that is kept up to date. `quit` is called on the command or Ctrl-C. */
function showTable(cluster: Cluster, quit: () => void): () => void {
  const { stdin, stdout } = process;
  stdout.write('type help for the commands; Ctrl-C stops everything\n');
  const watch = new Watch(cluster, () => {});
  const draw = () =>
    table({
      reports: watch.reports,
      verdict: watch.verdict,
      faults: cluster.faults,
      isAllFine: watch.isAllFine,
      now: Date.now(),
      columns: Math.min(stdout.columns, MAX_COLUMNS),
      rows: stdout.rows - 1,
      paint: (colour, text) => styleText(colour, text, { stream: stdout }),
    });
  const onLine = executeInOrder(cluster, quit, (lines) => screen.say(lines));
  const screen = new Screen(stdin, stdout, draw, { onLine, onQuit: quit });
  return () => {
    watch.close();
    screen.close();
  };
}

/** Executes each line after the previous ones, however many are pasted at once. */
function executeInOrder(
  cluster: Cluster,
  quit: () => void,
  say: (lines: readonly string[]) => void,
): (line: string) => void {
  const mutex = new Mutex();
  return (line) => {
    void mutex.run(async () => {
      const result = await execute(line, cluster);
      if (result === 'quit') quit();
      else say(result);
    });
  };
}

/** Without a terminal, a line for each change. */
function showChanges(cluster: Cluster, quit: () => void): () => void {
  const say = (text: string) => process.stdout.write(`${clock(Date.now())} ${text}\n`);
  let wasAllFine = false;
  let verdict: readonly string[] = [];
  const watch = new Watch(cluster, (before, now) => {
    for (const change of changes(before, now)) say(change);
    for (const text of watch.verdict) if (!verdict.includes(text)) say(`verdict: ${text}`);
    verdict = watch.verdict;
    if (watch.isAllFine && !wasAllFine) say('all checks ok');
    wasAllFine = watch.isAllFine;
  });
  const input = createInterface({ input: process.stdin });
  const onLine = executeInOrder(cluster, quit, (lines) => {
    for (const text of lines) say(text);
  });
  input.on('line', onLine);
  return () => {
    watch.close();
    input.close();
  };
}

/** `ways`: how to inspect it. */
async function startCluster({
  nodes,
  real,
}: Arguments): Promise<{ cluster: Cluster; ways: readonly string[] }> {
  const options = { nodes, onProgress: (ready: number) => showProgress(ready, nodes) };
  if (!real) return { cluster: await Cluster.start(options), ways: [] };
  const cluster = await Cluster.startOf(realParts(), options);
  const { kubectl } = cluster.parts.controlPlane;
  const ways = [
    `a shell in this network: ${shellCommand()}`,
    `and there: ${kubectl.command.join(' ')} get pods --all-namespaces`,
  ];
  return { cluster, ways };
}

/**
 * `12/30 nodes ready`: on a terminal, one line that is overwritten, otherwise only the last one.
 */
function showProgress(ready: number, nodes: number): void {
  const { stderr } = process;
  const end = ready === nodes ? '\n' : '';
  if (stderr.isTTY) stderr.write(`\r${ready}/${nodes} nodes ready${end}`);
  else if (ready === nodes) stderr.write(`${nodes} nodes ready\n`);
}

async function run(given: Arguments): Promise<void> {
  const { nodes, faults } = given;
  const quit = Promise.withResolvers<void>();
  let stop = (): void => {
    process.stdout.write('stopping\n');
    // At exit, processes are killed and files removed (owned-process.ts, environment.ts).
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop());
  // Ctrl-Z: the nodes have separate process groups, which the terminal does not stop.
  process.on('SIGTSTP', () => {
    pauseAll();
    process.kill(process.pid, 'SIGSTOP');
  });
  process.on('SIGCONT', continueAll);
  // The reader of the output has ended.
  process.stdout.on('error', () => quit.resolve());

  process.stderr.write(`starting ${nodes} ${nodes === 1 ? 'node' : 'nodes'}\n`);
  const { cluster, ways } = await startCluster(given);
  for (const fault of faults) await cluster.break(fault);
  for (const { name, url } of cluster.nodes) process.stdout.write(`${name} ${url}\n`);
  // Any pod shows the whole cluster.
  const [first] = cluster.nodes;
  if (first) process.stdout.write(`cluster ${new URL('/cluster', first.url)}\n`);
  for (const way of ways) process.stdout.write(`${way}\n`);
  const show = process.stdout.isTTY ? showTable : showChanges;
  const hide = show(cluster, quit.resolve);
  stop = quit.resolve;
  await quit.promise;

  stop = () => process.exit(1);
  hide();
  process.stdout.write('stopping\n');
  await cluster.close();
  process.exit(0);
}

function whatIsMissing({ real, kubernetes }: Arguments): string | undefined {
  if (kubernetes) return whatKubernetesLacks();
  return real ? whatRealPartsLack() : undefined;
}

async function main(): Promise<void> {
  let given: Arguments;
  try {
    given = readArguments();
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\nSee: npm run demo -- --help\n`);
    process.exit(2);
  }
  if (given.help) {
    process.stdout.write(`${usage(given)}\n`);
    return;
  }
  const missing = whatIsMissing(given);
  if (missing !== undefined) {
    process.stderr.write(`${missing}\n`);
    process.exit(2);
  }
  if (given.real || given.kubernetes) await goOnInOwnNamespace();
  try {
    if (!given.kubernetes) return await run(given);
    await kubernetesDemo(given.nodes, given.faults);
    process.exit(0);
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    const hint = code === 'EADDRINUSE' ? ' (is another demo running?)' : '';
    process.stderr.write(`the cluster cannot be started: ${message}${hint}\n`);
    process.exit(1);
  }
}

await main();
