import { createInterface } from 'node:readline';
import { parseArgs, styleText } from 'node:util';
import { Cluster } from '../cluster/cluster.ts';
import { faultHelp, parseFault } from '../cluster/faults.ts';
import { goOnInOwnNamespace, shellCommand } from '../real/own-namespace.ts';
import { realParts } from '../real/real-parts.ts';
import { changes } from './changes.ts';
import { COMMANDS, obey } from './commands.ts';
import { clock } from './failures.ts';
import { Screen } from './screen.ts';
import { table } from './table.ts';
import { Watch } from './watch.ts';

const MOST_NODES = 50;
const WIDEST = 100;

const USAGE = [
  'npm run demo -- [--nodes N] [--real] [--break <part>:<fault>]...',
  '',
  'Starts a cluster on this machine: an API server, a DNS server, an ingress, a service,',
  `and N nodes (5 if not said, at most ${MOST_NODES}) with one probe each. Shows what they find,`,
  'and breaks what you like, at the start or by what you type while it runs.',
  '',
  'With --real the nodes are network namespaces, and the parts those of a real cluster: etcd and',
  'kube-apiserver (npm run tools builds them), nginx, dnsmasq, nftables. It takes root on Linux.',
  '',
  'What can be typed:',
  '',
  ...COMMANDS.map((line) => `  ${line}`),
  '',
  'What can be broken:',
  ...faultHelp(),
  '',
].join('\n');

type Arguments = Readonly<{
  nodes: number;
  faults: readonly string[];
  real: boolean;
  help: boolean;
}>;

/** Throws with what is wrong. */
function readArguments(): Arguments {
  const { values } = parseArgs({
    options: {
      nodes: { type: 'string', default: '5' },
      real: { type: 'boolean', default: false },
      break: { type: 'string', multiple: true, default: [] },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const nodes = /^\d+$/.test(values.nodes) ? Number(values.nodes) : 0;
  if (nodes < 1 || nodes > MOST_NODES) {
    throw new Error(`--nodes ${values.nodes}: say a number from 1 to ${MOST_NODES}`);
  }
  const names = Array.from({ length: nodes }, (_, index) => `node-${index + 1}`);
  for (const fault of values.break) parseFault(fault, names, values.real ? 'real' : 'embedded');
  return { nodes, faults: values.break, real: values.real, help: values.help };
}

/** A table that keeps up to date, on a terminal. `quit` is called when it is asked for. */
function showTable(cluster: Cluster, quit: () => void): () => void {
  const { stdin, stdout } = process;
  stdout.write('type help to see what can be broken; Ctrl-C stops everything\n');
  const watch = new Watch(cluster, () => {});
  const draw = () =>
    table({
      reports: watch.reports,
      faults: cluster.faults,
      isAllFine: watch.isAllFine,
      now: Date.now(),
      columns: Math.min(stdout.columns, WIDEST),
      rows: stdout.rows - 1,
      paint: (colour, text) => styleText(colour, text, { stream: stdout }),
    });
  const screen = new Screen(stdin, stdout, draw, async (line) => {
    const answer = await obey(line, cluster);
    if (answer === 'quit') quit();
    else screen.say(answer);
  });
  return () => {
    watch.close();
    screen.close();
  };
}

/** A line for each change, where there is no terminal. */
function showChanges(cluster: Cluster, quit: () => void): () => void {
  const say = (text: string) => process.stdout.write(`${clock(Date.now())} ${text}\n`);
  let wasAllFine = false;
  const watch = new Watch(cluster, (before, now) => {
    for (const change of changes(before, now)) say(change);
    if (watch.isAllFine && !wasAllFine) say('all checks ok');
    wasAllFine = watch.isAllFine;
  });
  const input = createInterface({ input: process.stdin });
  input.on('line', async (line) => {
    const answer = await obey(line, cluster);
    if (answer === 'quit') quit();
    else for (const text of answer) say(text);
  });
  return () => {
    watch.close();
    input.close();
  };
}

/** `ways`: how to look into it, beside what the nodes tell. */
async function startCluster({
  nodes,
  real,
}: Arguments): Promise<{ cluster: Cluster; ways: readonly string[] }> {
  if (!real) return { cluster: await Cluster.start({ nodes }), ways: [] };
  const cluster = await Cluster.startOf(realParts(), { nodes });
  const { kubectl } = cluster.parts.controlPlane;
  const ways = [
    `a shell in this network: ${shellCommand()}`,
    `and there: ${kubectl.command.join(' ')} get pods --all-namespaces`,
  ];
  return { cluster, ways };
}

async function run(given: Arguments): Promise<void> {
  const { nodes, faults } = given;
  const quit = Promise.withResolvers<void>();
  let stop = (): void => {
    process.stdout.write('stopping\n');
    // What runs is killed and the files are removed at exit (program.ts, environment.ts).
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop());
  // Nobody reads any more.
  process.stdout.on('error', () => quit.resolve());

  process.stderr.write(`starting ${nodes} ${nodes === 1 ? 'node' : 'nodes'}\n`);
  const { cluster, ways } = await startCluster(given);
  for (const fault of faults) await cluster.break(fault);
  for (const { name, url } of cluster.nodes) process.stdout.write(`${name} ${url}\n`);
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

async function main(): Promise<void> {
  let given: Arguments;
  try {
    given = readArguments();
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\nSee: npm run demo -- --help\n`);
    process.exit(2);
  }
  if (given.help) {
    process.stdout.write(USAGE);
    return;
  }
  if (given.real) await goOnInOwnNamespace();
  try {
    await run(given);
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    const hint = code === 'EADDRINUSE' ? ' (is another demo running?)' : '';
    process.stderr.write(`the cluster cannot be started: ${message}${hint}\n`);
    process.exit(1);
  }
}

await main();
