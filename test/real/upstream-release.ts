import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const RBAC = 'rbac.authorization.k8s.io/v1';

/** What the chart of postfinance/kubenurse 1.15 renders for a release: names, selectors, kinds. */
function objects(release: string, namespace: string): object[] {
  const name = `${release}-kubenurse`;
  const labels = {
    'app.kubernetes.io/name': 'kubenurse',
    'app.kubernetes.io/instance': release,
  };
  const metadata = { name, labels: { ...labels, 'helm.sh/chart': 'kubenurse-1.15.3' } };
  const role = { apiGroup: 'rbac.authorization.k8s.io', name };
  const subjects = [{ kind: 'ServiceAccount', name, namespace }];
  const rule = (resource: string) => ({
    apiGroups: [''],
    resources: [resource],
    verbs: ['get', 'list', 'watch'],
  });
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
    { apiVersion: RBAC, kind: 'Role', metadata, rules: [rule('pods')] },
    {
      apiVersion: RBAC,
      kind: 'RoleBinding',
      metadata,
      roleRef: { ...role, kind: 'Role' },
      subjects,
    },
    { apiVersion: RBAC, kind: 'ClusterRole', metadata, rules: [rule('nodes')] },
    {
      apiVersion: RBAC,
      kind: 'ClusterRoleBinding',
      metadata,
      roleRef: { ...role, kind: 'ClusterRole' },
      subjects,
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: {
        selector: labels,
        ports: [{ name: '8080-8080', port: 8080, protocol: 'TCP', targetPort: 8080 }],
      },
    },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata,
      spec: {
        ingressClassName: 'nginx',
        rules: [
          {
            host: 'dummy-kubenurse.example.com',
            http: {
              paths: [
                {
                  path: '/',
                  pathType: 'Prefix',
                  backend: { service: { name, port: { number: 8080 } } },
                },
              ],
            },
          },
        ],
        tls: [{ hosts: ['dummy-kubenurse.example.com'] }],
      },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'DaemonSet',
      metadata,
      spec: {
        selector: { matchLabels: labels },
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: '34%' } },
        template: {
          metadata: { labels, annotations: { 'prometheus.io/scrape': 'true' } },
          spec: {
            serviceAccountName: name,
            tolerations: [
              {
                effect: 'NoSchedule',
                key: 'node-role.kubernetes.io/control-plane',
                operator: 'Equal',
              },
            ],
            containers: [
              {
                name: 'kubenurse',
                image: 'postfinance/kubenurse:v1.15.3',
                imagePullPolicy: 'IfNotPresent',
                env: [
                  { name: 'KUBENURSE_INSECURE', value: 'true' },
                  { name: 'KUBENURSE_NAMESPACE', value: namespace },
                  { name: 'KUBENURSE_NEIGHBOUR_FILTER', value: 'app.kubernetes.io/name=kubenurse' },
                ],
                ports: [{ containerPort: 8080, protocol: 'TCP' }],
                // As up to 1.15.2.
                livenessProbe: { httpGet: { path: '/ready', port: 8080 } },
                readinessProbe: { httpGet: { path: '/ready', port: 8080 }, periodSeconds: 3 },
              },
            ],
          },
        },
      },
    },
  ];
}

/**
 * Writes a chart that stands in for upstream's, as it renders for this release, whose name does not
 * contain `kubenurse`.
 */
export async function writeUpstreamChart(
  folder: string,
  release: string,
  namespace: string,
): Promise<void> {
  const chart = { apiVersion: 'v2', name: 'kubenurse', version: '1.15.3', appVersion: '1.15.3' };
  await mkdir(join(folder, 'templates'), { recursive: true });
  await writeFile(join(folder, 'Chart.yaml'), JSON.stringify(chart));
  const documents = objects(release, namespace).map((object) => JSON.stringify(object));
  await writeFile(join(folder, 'templates/objects.yaml'), documents.join('\n---\n'));
}
