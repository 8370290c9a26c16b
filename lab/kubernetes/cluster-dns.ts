import { COREDNS_IMAGE } from './images.ts';

const COREFILE = `.:53 {
    errors
    health {
        lameduck 5s
    }
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
        ttl 30
    }
    prometheus :9153
    cache 30
    loop
    reload
    loadbalance
}
`;

/** The nodes that its pods run on, as long as these nodes are Ready. */
export const DNS_NODES = ['node-1', 'node-2'];

const NAMESPACE = 'kube-system';
const NAME = 'coredns';
/** The label of every cluster's DNS, whatever its implementation. */
const LABELS = { 'k8s-app': 'kube-dns' };

/**
 * CoreDNS as kubeadm installs it: two pods, on two nodes if there are two, otherwise on one, behind
 * these cluster IPs.
 */
export function clusterDns(addresses: readonly string[]): object {
  const metadata = { name: NAME, namespace: NAMESPACE };
  return {
    apiVersion: 'v1',
    kind: 'List',
    items: [
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name: 'system:coredns' },
        rules: [
          {
            apiGroups: [''],
            resources: ['services', 'pods', 'namespaces'],
            verbs: ['list', 'watch'],
          },
          {
            apiGroups: ['discovery.k8s.io'],
            resources: ['endpointslices'],
            verbs: ['list', 'watch'],
          },
        ],
      },
      {
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRoleBinding',
        metadata: { name: 'system:coredns' },
        roleRef: {
          apiGroup: 'rbac.authorization.k8s.io',
          kind: 'ClusterRole',
          name: 'system:coredns',
        },
        subjects: [{ kind: 'ServiceAccount', name: NAME, namespace: NAMESPACE }],
      },
      { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { Corefile: COREFILE } },
      { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec: deployment() },
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'kube-dns', namespace: NAMESPACE, labels: LABELS },
        spec: {
          selector: LABELS,
          clusterIP: addresses[0],
          clusterIPs: addresses,
          ipFamilyPolicy: addresses.length > 1 ? 'RequireDualStack' : 'SingleStack',
          ports: [
            { name: 'dns', port: 53, protocol: 'UDP' },
            { name: 'dns-tcp', port: 53, protocol: 'TCP' },
          ],
        },
      },
    ],
  };
}

function deployment(): object {
  return {
    replicas: 2,
    strategy: { rollingUpdate: { maxUnavailable: 1 } },
    selector: { matchLabels: LABELS },
    template: {
      metadata: { labels: LABELS },
      spec: {
        priorityClassName: 'system-cluster-critical',
        serviceAccountName: NAME,
        tolerations: [{ key: 'CriticalAddonsOnly', operator: 'Exists' }],
        affinity: {
          nodeAffinity: {
            // So that the nodes with a pod are known.
            preferredDuringSchedulingIgnoredDuringExecution: [
              {
                weight: 1,
                preference: {
                  matchExpressions: [
                    { key: 'kubernetes.io/hostname', operator: 'In', values: DNS_NODES },
                  ],
                },
              },
            ],
          },
          podAntiAffinity: {
            preferredDuringSchedulingIgnoredDuringExecution: [
              {
                weight: 100,
                podAffinityTerm: {
                  topologyKey: 'kubernetes.io/hostname',
                  labelSelector: { matchLabels: LABELS },
                },
              },
            ],
          },
        },
        dnsPolicy: 'Default',
        containers: [
          {
            name: NAME,
            image: COREDNS_IMAGE,
            args: ['-conf', '/etc/coredns/Corefile'],
            resources: { limits: { memory: '170Mi' }, requests: { cpu: '20m', memory: '70Mi' } },
            livenessProbe: {
              httpGet: { path: '/health', port: 8080 },
              initialDelaySeconds: 60,
              timeoutSeconds: 5,
            },
            readinessProbe: { httpGet: { path: '/ready', port: 8181 }, periodSeconds: 2 },
            securityContext: {
              allowPrivilegeEscalation: false,
              capabilities: { add: ['NET_BIND_SERVICE'], drop: ['ALL'] },
              readOnlyRootFilesystem: true,
            },
            volumeMounts: [{ name: 'config', mountPath: '/etc/coredns', readOnly: true }],
          },
        ],
        volumes: [{ name: 'config', configMap: { name: NAME } }],
      },
    },
  };
}
