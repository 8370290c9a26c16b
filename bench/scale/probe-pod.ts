import { setTimeout as sleep } from 'node:timers/promises';
import { NAMESPACE } from '../../lab/parts/pod.ts';
import { httpGet } from '../../lab/support/http-get.ts';
import { respondsWith200, ServerProcess } from '../../lab/support/server-process.ts';
import { until } from '../../lab/support/until.ts';
import { API_SERVER, type LargeCluster } from '../api-server/large-cluster.ts';
import { countBytes } from '../api-server/wire-bytes.ts';
import type { MeasuredProgram } from '../support/programs.ts';

const NODE = 'node-1';
const POD = 'kubenurse-probe';

const START_LIMIT_MS = 60_000;
const PAGE_LIMIT_MS = 10_000;
/** `/alive` may run checks, and must not be requested continuously. */
const POLL_MS = 50;

/** A program that runs in the pod. */
export type Probe = Readonly<{
  pid: number;
  /** Milliseconds from its start to its first response. */
  firstResponse: number;
  /**
   * Resolves to the milliseconds from its start until it reports this many neighbours and no
   * failure.
   */
  known: (neighbours: number) => Promise<number>;
  stop: () => Promise<void>;
}>;

/** A pod in a large cluster, on a separate node, in which one program after another runs. */
export class ProbePod {
  /** The user in the audit log. */
  readonly user = `system:serviceaccount:${NAMESPACE}:kubenurse`;
  /** The address that its bytes are sent to. */
  readonly address: string;
  /** Runs a program. Rejects with its output if it does not respond within 30 s. */
  readonly run: (program: MeasuredProgram) => Promise<Probe>;

  private constructor(address: string, run: ProbePod['run']) {
    this.address = address;
    this.run = run;
  }

  /** Creates it, until the stack is closed. The Service and the ingress lead only to it. */
  static async create(large: LargeCluster, stack: AsyncDisposableStack): Promise<ProbePod> {
    const { parts } = large.cluster;
    const network = await parts.addNode(1, NODE);
    stack.defer(() => network.close());
    const sandbox = await network.addPod();
    stack.defer(() => sandbox.close());
    const [address = ''] = sandbox.addresses;
    const [nodeAddress = ''] = network.addresses;
    await countBytes(API_SERVER, [address]);
    await large.add({ name: POD, node: NODE, nodeAddress, address });
    await parts.setEndpoints([{ addresses: [address], port: 8080 }]);
    const url = sandbox.programUrl;
    return new ProbePod(address, async ({ command, args, environment: own }) => {
      const { enter, environment } = await sandbox.prepare(POD);
      const begin = performance.now();
      const server = await ServerProcess.start(command, args, {
        enter,
        environment: { ...own, ...environment, KUBENURSE_SHUTDOWN_DURATION: '0s' },
        ready: () => respondsWith200(`${url}/alwayshappy`),
      });
      const firstResponse = performance.now() - begin;
      if (server.pid === undefined) throw new Error(`${command} has no process`);
      return {
        pid: server.pid,
        firstResponse,
        known: async (neighbours) => {
          await until(`${command} knows its neighbours`, START_LIMIT_MS, async () => {
            if (server.end !== undefined) throw new Error(`${server.end}: ${server.output}`);
            const page = await httpGet(`${url}/alive`, PAGE_LIMIT_MS).catch(() => undefined);
            const isWell = page?.status === 200;
            if (isWell && JSON.parse(page.body).neighbourhood.length === neighbours) return true;
            await sleep(POLL_MS);
            return false;
          });
          return performance.now() - begin;
        },
        stop: () => server.stop(),
      };
    });
  }
}
