import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { KubernetesCluster } from '../kubernetes/cluster.ts';
import { faultHelp, parseFault } from '../kubernetes/faults.ts';
import { shellCommand } from '../real/own-namespace.ts';
import { Mutex } from '../support/mutex.ts';
import { clock } from './failures.ts';
import { clusterPage, followVerdict } from './kubernetes-verdict.ts';

const NAMESPACE = 'kubenurse';
const CHART = join(import.meta.dirname, '../../deploy/helm/kubenurse');

/** What can be typed, a line each. */
export const KUBERNETES_COMMANDS = [
  'break <part>:<fault>   break a part; heal <part>:<fault> heals it',
  'cluster                show what is wrong, and how many nodes see each check succeed',
  'help                   show this',
  'quit                   stop everything, as Ctrl-C does',
  '',
  'Faults:',
  ...faultHelp().map((line) => `  ${line}`),
];

/**
 * Starts a Kubernetes cluster with the chart in it, prints how to use it, and breaks it, at first by these faults, until
 * `quit` or a signal.
 */
export async function kubernetesDemo(nodes: number, faults: readonly string[]): Promise<void> {
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
  const stop = new AbortController();
  const verdict = followVerdict(
    cluster,
    NAMESPACE,
    (text) => say(`${clock(Date.now())} ${text}`),
    stop.signal,
  );
  for (const fault of faults) say(await execute(`break ${fault}`, cluster));
  await quit.promise;
  stop.abort();
  input.close();
  await verdict;
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

/** Resolves with the text to show; never rejects. */
async function execute(line: string, cluster: KubernetesCluster): Promise<string> {
  const [command = '', what = ''] = line.trim().split(/\s+/);
  try {
    switch (command) {
      case '':
        return '';
      case 'help':
        return KUBERNETES_COMMANDS.join('\n');
      case 'cluster':
        return await clusterPage(cluster, NAMESPACE, '/cluster.txt');
      case 'break':
        await parseFault(what, nodeNames(cluster)).break(cluster);
        return `broken: ${what}`;
      case 'heal':
        await parseFault(what, nodeNames(cluster)).heal(cluster);
        return `healed: ${what}`;
      default:
        return `unknown command "${line.trim()}"; type help`;
    }
  } catch (error) {
    return `${line.trim()} failed: ${(error as Error).message}`;
  }
}

function nodeNames({ nodes }: KubernetesCluster): string[] {
  return nodes.map(({ name }) => name);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
