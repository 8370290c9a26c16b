import { fileURLToPath } from 'node:url';
import { NAMESPACE } from '../../lab/parts/pod.ts';
import { type RealParts, realParts } from '../../lab/real/real-parts.ts';
import { respondsWith200, ServerProcess } from '../../lab/support/server-process.ts';
import { largeNode } from '../api-server/large-node.ts';
import { podObject, podStatus } from '../api-server/large-pod.ts';
import { ObjectWriter } from '../api-server/object-writer.ts';
import { addServiceAccount } from '../api-server/service-account.ts';
import type { MeasuredProgram } from '../support/programs.ts';
import { ControlGroup } from './control-group.ts';

const NETWORK = '10.72';
/** The addresses of the neighbours that run nowhere, from .200.1 on, all on one machine. */
const NEIGHBOUR_ADDRESSES = `${NETWORK}.200.0/24`;
const NEIGHBOURS_MACHINE = 14;
const NEIGHBOUR_SERVER = new URL('../api-server/neighbour-server.ts', import.meta.url);

/** A program that runs in a pod. */
export type Probe = Readonly<{
  program: MeasuredProgram;
  pid: number;
  /** Such as `http://10.72.101.2:8080`. */
  url: string;
  /** What its control group limits. */
  limits: string;
  /** Its output, at most the last 100,000 characters. */
  output: () => string;
}>;

export type ProbedClusterOptions = Readonly<{
  programs: readonly MeasuredProgram[];
  /**
   * How many neighbours each program finds: each other, and servers that respond but do not check.
   */
  neighbours: number;
  /** Variables beyond those of a pod's sandbox, given the neighbours' addresses. */
  environment?: (neighbours: readonly string[]) => Readonly<Record<string, string>>;
}>;

/**
 * A cluster of real parts in which programs of several kinds run, each on a separate node under the
 * same limits, and all with the same neighbours.
 */
export class ProbedCluster {
  readonly probes: readonly Probe[];
  /** The names of the pods that run nowhere. */
  readonly otherPods: readonly string[];
  readonly #stack: AsyncDisposableStack;

  private constructor(
    probes: readonly Probe[],
    otherPods: readonly string[],
    stack: AsyncDisposableStack,
  ) {
    this.probes = probes;
    this.otherPods = otherPods;
    this.#stack = stack;
  }

  /**
   * Resolves when each program responds. If a part does not start, it rejects and leaves nothing
   * behind.
   */
  static async start(options: ProbedClusterOptions): Promise<ProbedCluster> {
    await using starting = new AsyncDisposableStack();
    const parts = await realParts({ network: NETWORK })(starting);
    const writer = new ObjectWriter(
      await addServiceAccount(parts.controlPlane, 'components', {
        apiGroups: [''],
        resources: ['*'],
        verbs: ['*'],
      }),
    );
    starting.defer(() => writer.close());
    const others = Array.from(
      { length: options.neighbours + 1 - options.programs.length },
      (_, index) => ({
        name: `kubenurse-other-${index + 1}`,
        node: `node-${options.programs.length + index + 1}`,
        nodeAddress: `${NETWORK}.2.${index + 1}`,
        address: `${NETWORK}.200.${index + 1}`,
      }),
    );
    await startNeighbours(parts, others, starting);
    for (const pod of others) await writePod(writer, pod);

    const environment = options.environment?.(others.map(({ address }) => address)) ?? {};
    const probes: Probe[] = [];
    const addresses: string[] = [];
    for (const [index, program] of options.programs.entries()) {
      const node = `node-${index + 1}`;
      const name = `kubenurse-probe-${index + 1}`;
      const network = await parts.addNode(index + 1, node);
      starting.defer(() => network.close());
      const sandbox = await network.addPod();
      starting.defer(() => sandbox.close());
      const address = sandbox.addresses[0] ?? '';
      await writePod(writer, { name, node, nodeAddress: network.addresses[0] ?? '', address });
      addresses.push(address);
      // The first program to check the Service must find an endpoint.
      await parts.setEndpoints(addresses.map((each) => ({ addresses: [each], port: 8080 })));

      const group = ControlGroup.create();
      starting.defer(() => group.remove());
      const launch = await sandbox.prepare(name);
      const server = await ServerProcess.start(program.command, program.args, {
        enter: [...group.enter, ...launch.enter],
        environment: {
          ...launch.environment,
          KUBENURSE_SHUTDOWN_DURATION: '0s',
          ...environment,
          ...program.environment,
        },
        ready: () => respondsWith200(`${sandbox.programUrl}/alwayshappy`),
      });
      starting.defer(() => server.stop());
      if (server.pid === undefined) throw new Error(`${program.name} has no process`);
      probes.push({
        program,
        pid: server.pid,
        url: sandbox.programUrl,
        limits: group.limits,
        output: () => server.output,
      });
    }
    return new ProbedCluster(
      probes,
      others.map(({ name }) => name),
      starting.move(),
    );
  }

  close(): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

/** Starts the machine that responds for the neighbours that run nowhere. */
async function startNeighbours(
  { fabric }: RealParts,
  pods: readonly Readonly<{ address: string }>[],
  stack: AsyncDisposableStack,
): Promise<void> {
  const machine = await fabric.addMachine('neighbours', NEIGHBOURS_MACHINE);
  await machine.addRoutes([`route add local ${NEIGHBOUR_ADDRESSES} dev lo`]);
  const args = [fileURLToPath(NEIGHBOUR_SERVER), ...pods.map(({ address }) => address)];
  const server = await ServerProcess.start(process.execPath, args, {
    enter: machine.enter,
    ready: () => respondsWith200(`http://${machine.addresses[0]}:8080/alwayshappy`),
  });
  stack.defer(() => server.stop());
}

/** Writes a node and its pod, as large as in production, ready from the start. */
async function writePod(
  writer: ObjectWriter,
  pod: Readonly<{ name: string; node: string; nodeAddress: string; address: string }>,
): Promise<void> {
  const pods = `/api/v1/namespaces/${NAMESPACE}/pods`;
  const node = largeNode({ name: pod.node, address: pod.nodeAddress });
  await writer.create('/api/v1/nodes', node, 'kubelet');
  await writer.create(pods, podObject(pod), 'kube-controller-manager');
  const target = { apiVersion: 'v1', kind: 'Node', name: pod.node };
  await writer.create(
    `${pods}/${pod.name}/binding`,
    { metadata: { name: pod.name }, target },
    'kube-scheduler',
  );
  await writer.patch(`${pods}/${pod.name}/status`, podStatus(pod, 'ready'), 'kubelet');
}
