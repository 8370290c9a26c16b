import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { KubernetesCluster } from '../kubernetes/cluster.ts';
import { NODE_FAULTS } from '../kubernetes/faults.ts';
import { shellCommand } from '../real/own-namespace.ts';
import { Mutex } from '../support/mutex.ts';

const NAMESPACE = 'kubenurse';
const CHART = join(import.meta.dirname, '../../deploy/helm/kubenurse');
const FAULTS = Object.entries(NODE_FAULTS).map(([name, { does }]) => `  ${name.padEnd(12)}${does}`);

/** What can be typed, a line each. */
export const KUBERNETES_COMMANDS = [
  'break node-N:<fault>   break a node; heal node-N:<fault> heals it',
  'help                   show this',
  'quit                   stop everything, as Ctrl-C does',
  '',
  'Faults:',
  ...FAULTS,
];

/** Starts a Kubernetes cluster with the chart in it, says how to use it, and breaks it, until `quit` or a signal. */
export async function kubernetesDemo(nodes: number): Promise<void> {
  const quit = Promise.withResolvers<void>();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, quit.resolve);
  say(
    `starting Kubernetes with ${nodes} nodes; the first time, images are built, which takes a minute`,
  );
  await using cluster = await KubernetesCluster.start({ nodes });
  const place = [`--namespace=${NAMESPACE}`, '--create-namespace'];
  const install = ['install', 'kubenurse', CHART, ...place, '--wait', '--timeout=90s'];
  await cluster.helm(install);
  for (const line of waysInto(cluster)) say(line);
  const input = createInterface({ input: process.stdin });
  const mutex = new Mutex();
  input.on('line', (line) => {
    if (line.trim() === 'quit') quit.resolve();
    else void mutex.run(async () => say(await execute(line, cluster)));
  });
  await quit.promise;
  input.close();
  say('stopping');
}

function waysInto({ kubectl }: KubernetesCluster): string[] {
  const enter = shellCommand();
  const command = `${enter} env KUBECONFIG=${kubectl.kubeconfig}`;
  const page = `/api/v1/namespaces/${NAMESPACE}/services/kubenurse:8080-8080/proxy/cluster.txt`;
  return [
    'in another terminal, as root:',
    `  ${command} ${kubectl.command[0]} get nodes,pods --all-namespaces`,
    `  ${command} ${kubectl.command[0]} get --raw ${page}`,
    `  ${command} bash`,
    'type help for the commands; Ctrl-C stops everything',
  ];
}

async function execute(line: string, cluster: KubernetesCluster): Promise<string> {
  const [command = '', what = ''] = line.trim().split(/\s+/);
  if (command === '') return '';
  if (command === 'help') return KUBERNETES_COMMANDS.join('\n');
  const [name = '', fault = ''] = what.split(':');
  const node = cluster.nodes.find((each) => each.name === name);
  const way = Object.hasOwn(NODE_FAULTS, fault) ? NODE_FAULTS[fault] : undefined;
  if ((command !== 'break' && command !== 'heal') || node === undefined || way === undefined) {
    return `unknown command "${line.trim()}"; type help`;
  }
  try {
    if (command === 'break') await way.break(node);
    else await way.heal(node, cluster);
    return `${command === 'break' ? 'broken' : 'healed'}: ${what}`;
  } catch (error) {
    return `${line.trim()} failed: ${(error as Error).message}`;
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
