import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { KubernetesCluster } from '../kubernetes/cluster.ts';
import { explained } from '../kubernetes/explained.ts';
import { shellCommand } from '../real/own-namespace.ts';
import { Mutex } from '../support/mutex.ts';
import { clock } from './failures.ts';
import { KubernetesCommands } from './kubernetes-commands.ts';
import { followVerdict } from './kubernetes-verdict.ts';

const NAMESPACE = 'kubenurse';
const CHART = join(import.meta.dirname, '../../deploy/helm/kubenurse');

/**
 * Starts a Kubernetes cluster with the chart in it, prints how to use it, and breaks it, first with
 * these faults, until `quit` or a signal.
 */
export async function kubernetesDemo(nodes: number, faults: readonly string[]): Promise<void> {
  const quit = Promise.withResolvers<void>();
  // Until it has started: the kernel ends what was started together with the namespaces.
  let stop = (): void => process.exit(0);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop());
  say(
    `starting Kubernetes with ${nodes} nodes; the first time, images are built, which takes a minute`,
  );
  await using cluster = await KubernetesCluster.start({ nodes });
  const place = [`--namespace=${NAMESPACE}`, '--create-namespace'];
  const install = ['install', 'kubenurse', CHART, ...place, '--wait', '--timeout=90s'];
  await explained(cluster.kubectl, NAMESPACE, cluster.helm(install));
  stop = quit.resolve;
  for (const line of waysInto(cluster)) say(line);
  const commands = new KubernetesCommands(cluster, NAMESPACE);
  const input = createInterface({ input: process.stdin });
  const mutex = new Mutex();
  input.on('line', (line) => {
    if (line.trim() === 'quit') quit.resolve();
    else void mutex.run(async () => say(await commands.execute(line)));
  });
  // Ctrl-D. Input that is not a terminal may end.
  if (process.stdin.isTTY) input.on('close', quit.resolve);
  const following = new AbortController();
  const verdict = followVerdict(
    cluster,
    NAMESPACE,
    (text) => say(`${clock(Date.now())} ${text}`),
    following.signal,
  );
  for (const fault of faults) say(await commands.execute(`break ${fault}`));
  await quit.promise;
  following.abort();
  input.close();
  await verdict;
  say('stopping');
}

function waysInto({ kubectl }: KubernetesCluster): string[] {
  const enter = shellCommand();
  const [program = ''] = kubectl.command;
  const command = `${enter} env KUBECONFIG=${kubectl.kubeconfig}`;
  const page = `/api/v1/namespaces/${NAMESPACE}/services/kubenurse:8080-8080/proxy/cluster.txt`;
  return [
    'in another terminal, as root:',
    `  ${command} ${program} get nodes,pods --all-namespaces`,
    `  ${command} ${program} get --raw ${page}`,
    `  ${command} PATH=${dirname(program)}:$PATH bash`,
    'type help for the commands; Ctrl-C stops everything',
  ];
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
