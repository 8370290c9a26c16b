import { NAMESPACE } from '../../lab/parts/pod.ts';
import { readAuditLog } from '../../lab/real/audit-log.ts';
import { until } from '../../lab/support/until.ts';
import { type LargeCluster, OTHER_CLIENT } from './large-cluster.ts';
import { addServiceAccount } from './service-account.ts';
import { WatchAll } from './watch-all.ts';

const START_LIMIT_MS = 20_000;
/** Twice the program's interval. */
const CHECKS_LIMIT_MS = 10_000;

/** A client that follows the cluster. */
export type Client = Readonly<{
  /** The user in the audit log. */
  user: string;
  /** The address that its bytes are sent to. */
  address: string;
  /** Resolves when it has listed and is watching. */
  start: () => Promise<void>;
  /**
   * Resolves when it has checked the API server twice, directly and by name. Other clients do not
   * check.
   */
  check: () => Promise<void>;
  stop: () => Promise<void>;
  /** Whether it gets an event for a status update of a node that is not cordoned. */
  hearsStatusUpdates: boolean;
}>;

/** No client: only the API server's own watches. */
export const NOBODY: Client = {
  user: '',
  address: '',
  start: async () => {},
  check: async () => {},
  stop: async () => {},
  hearsStatusUpdates: false,
};

/** The program, as it runs on every node. It must not be running yet. */
export function kubenurse({ cluster }: LargeCluster): Client {
  const [node] = cluster.nodes;
  if (node === undefined) throw new Error('the cluster has no node');
  const user = `system:serviceaccount:${NAMESPACE}:kubenurse`;
  const requestsSince = async (begun: Date) => {
    const requests = await readAuditLog(cluster.parts.controlPlane.auditLog);
    return requests.filter((request) => request.user === user && request.time >= begun);
  };
  return {
    user,
    address: node.address,
    start: async () => {
      const begun = new Date();
      await node.restart();
      await until('kubenurse watches pods and nodes', START_LIMIT_MS, async () => {
        const watches = (await requestsSince(begun)).filter(({ verb }) => verb === 'watch');
        return new Set(watches.map(({ resource }) => resource)).size === 2;
      });
      await until('kubenurse finds that all is well', START_LIMIT_MS, async () => {
        const { status, body } = await node.alive();
        return status === 200 && JSON.parse(body).neighbourhood.length > 0;
      });
    },
    check: async () => {
      const begun = new Date();
      await until('kubenurse checks the API server', CHECKS_LIMIT_MS, async () => {
        const requests = await requestsSince(begun);
        return requests.filter(({ resource }) => resource === '/version').length >= 2;
      });
    },
    stop: () => node.kill(),
    hearsStatusUpdates: false,
  };
}

/** Follows all nodes and all pods of the namespace, as upstream's program does. */
export async function watchAll({ cluster }: LargeCluster): Promise<Client> {
  const { controlPlane } = cluster.parts;
  const access = await addServiceAccount(controlPlane, 'watch-all', {
    apiGroups: [''],
    resources: ['pods', 'nodes'],
    verbs: ['list', 'watch'],
  });
  let watches: { pods: WatchAll; nodes: WatchAll } | undefined;
  return {
    user: access.user,
    address: OTHER_CLIENT,
    start: async () => {
      const [pods, nodes] = await Promise.all(
        [`/api/v1/namespaces/${NAMESPACE}/pods`, '/api/v1/nodes'].map((path) =>
          WatchAll.start(access, path, OTHER_CLIENT),
        ),
      );
      if (pods && nodes) watches = { pods, nodes };
    },
    check: async () => {},
    stop: async () => {
      watches?.pods.close();
      watches?.nodes.close();
    },
    hearsStatusUpdates: true,
  };
}
