import { randomUUID } from 'node:crypto';
import { LABEL, NAMESPACE } from '../../lab/parts/pod.ts';

export const IMAGE = 'registry.example.test/kubenurse:v1.0.0';
const DIGEST = `registry.example.test/kubenurse@sha256:${'5f70bf18a0860070'.repeat(4)}`;

/** A kubenurse pod in the API server that runs nowhere. */
export type LargePod = Readonly<{
  name: string;
  node: string;
  nodeAddress: string;
  address: string;
}>;

/** The state of its container. */
export type ContainerState = 'waiting' | 'running' | 'ready' | 'terminated';

/**
 * A pod as the DaemonSet controller creates it from a manifest with probes, limits and some
 * variables.
 */
export function podObject({ name, node }: LargePod): object {
  return {
    metadata: {
      name,
      labels: {
        [LABEL.key]: LABEL.value,
        'app.kubernetes.io/part-of': 'kubenurse',
        'controller-revision-hash': '6d4b75cb6d',
        'pod-template-generation': '1',
      },
      ownerReferences: [
        {
          apiVersion: 'apps/v1',
          kind: 'DaemonSet',
          name: 'kubenurse',
          uid: OWNER,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: {
      affinity: { nodeAffinity: onlyOn(node) },
      serviceAccountName: 'kubenurse',
      // Makes the API server add the token volume, as for kubenurse's pods.
      automountServiceAccountToken: true,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [container()],
      tolerations: TOLERATED.map(([key, effect]) => ({ key, operator: 'Exists', effect })),
    },
  };
}

/** What kubelet patches in the pod's status. */
export function podStatus(pod: LargePod, state: ContainerState): object {
  const hasStarted = state === 'running' || state === 'ready';
  const condition = (type: string, holds: boolean) => ({
    type,
    status: holds ? 'True' : 'False',
    lastTransitionTime: now(),
    observedGeneration: 1,
    ...(holds
      ? {}
      : { reason: 'ContainersNotReady', message: 'containers with unready status: [kubenurse]' }),
  });
  return {
    status: {
      observedGeneration: 1,
      phase: state === 'waiting' ? 'Pending' : 'Running',
      conditions: [
        condition('PodReadyToStartContainers', hasStarted),
        condition('Initialized', true),
        condition('Ready', state === 'ready'),
        condition('ContainersReady', state === 'ready'),
        condition('PodScheduled', true),
      ],
      hostIP: pod.nodeAddress,
      hostIPs: [{ ip: pod.nodeAddress }],
      ...(state !== 'waiting' && { podIP: pod.address, podIPs: [{ ip: pod.address }] }),
      startTime: now(),
      containerStatuses: [
        {
          name: 'kubenurse',
          image: IMAGE,
          imageID: state === 'waiting' ? '' : DIGEST,
          ready: state === 'ready',
          started: hasStarted,
          restartCount: 0,
          state: containerState(state),
          ...(state !== 'waiting' && { containerID: `containerd://${DIGEST.slice(-64)}` }),
        },
      ],
    },
  };
}

const OWNER = randomUUID();

/** The DaemonSet controller adds these. */
const TOLERATED = [
  ['node.kubernetes.io/not-ready', 'NoExecute'],
  ['node.kubernetes.io/unreachable', 'NoExecute'],
  ['node.kubernetes.io/disk-pressure', 'NoSchedule'],
  ['node.kubernetes.io/memory-pressure', 'NoSchedule'],
  ['node.kubernetes.io/pid-pressure', 'NoSchedule'],
  ['node.kubernetes.io/unschedulable', 'NoSchedule'],
] as const;

function onlyOn(node: string): object {
  const matchFields = [{ key: 'metadata.name', operator: 'In', values: [node] }];
  return {
    requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields }] },
  };
}

function container(): object {
  const get = (path: string) => ({ httpGet: { path, port: 'http' }, periodSeconds: 10 });
  const field = (name: string, fieldPath: string) => ({
    name,
    valueFrom: { fieldRef: { fieldPath } },
  });
  return {
    name: 'kubenurse',
    image: IMAGE,
    ports: [{ name: 'http', containerPort: 8080 }],
    env: [
      field('POD_NAME', 'metadata.name'),
      field('NODE_NAME', 'spec.nodeName'),
      field('KUBENURSE_NAMESPACE', 'metadata.namespace'),
      { name: 'KUBENURSE_NEIGHBOUR_FILTER', value: `${LABEL.key}=${LABEL.value}` },
      { name: 'KUBENURSE_INGRESS_URL', value: 'https://kubenurse.example.test' },
      {
        name: 'KUBENURSE_SERVICE_URL',
        value: `http://kubenurse.${NAMESPACE}.svc.cluster.local:8080`,
      },
    ],
    resources: { requests: { cpu: '20m', memory: '96Mi' }, limits: { memory: '192Mi' } },
    livenessProbe: get('/alwayshappy'),
    readinessProbe: get('/ready'),
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      runAsUser: 65532,
      capabilities: { drop: ['ALL'] },
    },
  };
}

function containerState(state: ContainerState): object {
  switch (state) {
    case 'waiting':
      return { waiting: { reason: 'ContainerCreating' } };
    case 'terminated':
      return {
        running: null,
        terminated: { exitCode: 0, reason: 'Completed', startedAt: now(), finishedAt: now() },
      };
    default:
      return { waiting: null, running: { startedAt: now() } };
  }
}

/** To the second, as in Kubernetes. */
function now(): string {
  return new Date().toISOString().replace(/\.\d+/, '');
}
