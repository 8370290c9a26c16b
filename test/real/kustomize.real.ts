import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type {
  KubernetesObject,
  RbacV1Subject,
  V1DaemonSet,
  V1Ingress,
  V1Namespace,
  V1NetworkPolicy,
  V1Service,
} from '@kubernetes/client-node';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { RELEASE } from '../../deploy/release/names.ts';
import { CertificateAuthority } from '../../lab/support/certificates.ts';
import { COMPONENTS, render, VARIANTS } from './kustomize.ts';
import { environmentOf } from './pod-environment.ts';
import { ofKind, probeOf, type Rendered, theOnly } from './rendered.ts';

const execute = promisify(execFile);
const MAIN = join(import.meta.dirname, '../../src/main.ts');

const CLUSTER_SCOPED = ['Namespace', 'ClusterRole', 'ClusterRoleBinding'];
const SELECTOR = { 'app.kubernetes.io/name': 'kubenurse' };
const OUR_PODS = [{ podSelector: { matchLabels: SELECTOR } }];

type HttpRoute = KubernetesObject & { spec: { hostnames: string[]; rules: object[] } };

function environmentIn(namespace: string, rendered: Rendered): Record<string, string> {
  return environmentOf(rendered, {
    'metadata.name': 'kubenurse-x2bwx',
    'metadata.namespace': namespace,
    'metadata.uid': '5b6dcf6e-6a4b-4d0c-a3a5-6d8b4b7b0c11',
    'spec.nodeName': 'node-1',
  });
}

/**
 * What the program reports about these variables, in addition to those that Kubernetes sets in
 * every pod of the namespace.
 */
async function checkConfig(environment: Record<string, string>): Promise<string> {
  const env = {
    KUBERNETES_SERVICE_HOST: '10.96.0.1',
    KUBERNETES_SERVICE_PORT: '443',
    KUBENURSE_SERVICE_HOST: '10.96.7.1',
    KUBENURSE_SERVICE_PORT: '8080',
    KUBENURSE_PORT: 'tcp://10.96.7.1:8080',
    ...environment,
  };
  const { stdout, stderr } = await execute(process.execPath, [MAIN, '--check-config'], { env });
  return stdout + stderr;
}

/** Replaces the path of the Secret's volume with that of a directory with its files. */
async function withSecret(environment: Record<string, string>): Promise<Record<string, string>> {
  const directory = await mkdtemp(join(tmpdir(), 'secret-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const authority = await CertificateAuthority.create('the Secret');
  const { certificate, key } = await authority.issue({ commonName: 'kubenurse' });
  await writeFile(join(directory, 'tls.crt'), certificate);
  await writeFile(join(directory, 'tls.key'), key);
  const moved = (value: string) => value.replace(/^\/etc\/kubenurse\/tls\//, `${directory}/`);
  return Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [name, moved(value)]),
  );
}

describe.each(VARIANTS)('deploy/kustomize/%s', (variant) => {
  let rendered: Rendered;
  beforeAll(async () => {
    rendered = await render({ of: variant });
  });

  test('the program accepts the environment, and knows every variable of it', async () => {
    const environment = environmentIn('kubenurse', rendered);
    expect(await checkConfig(await withSecret(environment))).toBe('the configuration is valid\n');
  });

  test('all selectors for the pods match them', () => {
    expect(probeOf(rendered).template.metadata?.labels).toMatchObject(SELECTOR);
    expect(theOnly<V1DaemonSet>(rendered, 'DaemonSet').spec?.selector.matchLabels).toEqual(
      SELECTOR,
    );
    expect(environmentIn('a', rendered).KUBENURSE_NEIGHBOUR_FILTER).toBe(
      'app.kubernetes.io/name=kubenurse',
    );
    const services = ofKind<V1Service>(rendered, 'Service');
    expect(services.map(({ spec }) => spec?.selector)).toContainEqual(SELECTOR);
    for (const { spec } of ofKind<V1NetworkPolicy>(rendered, 'NetworkPolicy')) {
      expect(spec?.podSelector?.matchLabels).toEqual(SELECTOR);
      expect(spec?.ingress?.[0]?._from).toEqual(OUR_PODS);
      expect(spec?.egress?.[0]?.to).toEqual(OUR_PODS);
    }
  });

  test('the pods have no rights on their node, and a token that is valid for an hour', () => {
    const { pod, container } = probeOf(rendered);
    expect(pod).toMatchObject({
      automountServiceAccountToken: false,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 65532,
        runAsGroup: 65532,
        seccompProfile: { type: 'RuntimeDefault' },
      },
    });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    const volumes = (pod.volumes ?? []).filter(({ secret }) => secret === undefined);
    expect(volumes).toHaveLength(1);
    expect(volumes[0]?.projected?.sources?.[0]).toEqual({
      serviceAccountToken: { path: 'token', expirationSeconds: 3_600 },
    });
  });

  test('the namespace of an overlay is everywhere', async () => {
    const moved = await render({ of: variant, namespace: 'elsewhere' });
    expect(theOnly<V1Namespace>(moved, 'Namespace').metadata?.name).toBe('elsewhere');
    for (const object of moved.objects) {
      const {
        kind = '',
        metadata,
        subjects = [],
      } = object as typeof object & {
        subjects?: RbacV1Subject[];
      };
      const namespace = CLUSTER_SCOPED.includes(kind) ? undefined : 'elsewhere';
      expect(metadata?.namespace, kind).toBe(namespace);
      for (const subject of subjects) expect(subject.namespace, kind).toBe('elsewhere');
    }
    const { KUBENURSE_NAMESPACE, KUBENURSE_SERVICE_URL = '' } = environmentIn(
      'elsewhere',
      rendered,
    );
    expect(KUBENURSE_NAMESPACE).toBe('elsewhere');
    const { hostname } = new URL(KUBENURSE_SERVICE_URL);
    expect(hostname).toBe('kubenurse.elsewhere.svc.cluster.local');
  });

  test('the image is that of the version of the program', () => {
    const { image } = probeOf(rendered).container;
    expect(image).toBe(`${RELEASE.image}:${RELEASE.version}`);
  });
});

test('all components can be combined', async () => {
  const rendered = await render({ of: 'base', components: COMPONENTS });
  expect(probeOf(rendered).pod.hostNetwork).toBe(true);
  const environment = await withSecret(environmentIn('kubenurse', rendered));
  expect(await checkConfig(environment)).toBe('the configuration is valid\n');
});

describe('the NetworkPolicy', () => {
  const HTTP = [{ port: 8080 }, { port: 8443 }];
  const UDP = { port: 8862, protocol: 'UDP' };
  const policyWith = async (...names: string[]) => {
    const components = names.map((name) => `components/${name}`);
    return theOnly<V1NetworkPolicy>(await render({ of: 'base', components }), 'NetworkPolicy').spec;
  };

  test('lets only kubenurse pods connect, and them only to each other, name servers and API servers', async () => {
    expect(await policyWith()).toEqual({
      podSelector: { matchLabels: SELECTOR },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [{ _from: OUR_PODS, ports: HTTP }],
      egress: [
        { to: OUR_PODS, ports: HTTP },
        {
          ports: [
            { port: 53, protocol: 'UDP' },
            { port: 53, protocol: 'TCP' },
          ],
        },
        { ports: [{ port: 443 }, { port: 6443 }] },
      ],
    });
  });

  test('lets only kubenurse pods send UDP', async () => {
    const spec = await policyWith('udp');
    expect(spec?.ingress).toEqual([{ _from: OUR_PODS, ports: [...HTTP, UDP] }]);
    expect(spec?.egress?.[0]).toEqual({ to: OUR_PODS, ports: [...HTTP, UDP] });
  });

  test('lets Prometheus and ingress controllers connect with their components', async () => {
    const prometheus = {
      namespaceSelector: {},
      podSelector: { matchLabels: { 'app.kubernetes.io/name': 'prometheus' } },
    };
    const [, ...added] = (await policyWith('prometheus'))?.ingress ?? [];
    expect(added).toEqual([{ _from: [prometheus], ports: [{ port: 8080 }] }]);
    const [, ...controllers] = (await policyWith('me-ingress'))?.ingress ?? [];
    const namespaceSelector = {
      matchExpressions: [
        {
          key: 'kubernetes.io/metadata.name',
          operator: 'In',
          values: expect.arrayContaining(['ingress-nginx', 'traefik']),
        },
      ],
    };
    expect(controllers).toEqual([{ _from: [{ namespaceSelector }], ports: [{ port: 8080 }] }]);
  });

  test('is absent on the host network, where the namespace admits privileged pods', async () => {
    const rendered = await render({ of: 'base', components: ['components/host-network'] });
    expect(ofKind(rendered, 'NetworkPolicy')).toEqual([]);
    expect(theOnly<V1Namespace>(rendered, 'Namespace').metadata?.labels).toMatchObject({
      'pod-security.kubernetes.io/enforce': 'privileged',
    });
  });
});

test('a changed setting changes the pods, so that they are replaced', async () => {
  const podWith = async (settings: Record<string, string>) =>
    probeOf(await render({ of: 'base', settings })).pod;
  const before = await podWith({});
  expect(await podWith({ KUBENURSE_NEIGHBOUR_LIMIT: '20' })).not.toEqual(before);
  expect(await podWith({})).toEqual(before);
});

test.each([{ components: [] }, { components: COMPONENTS }])(
  'CLUSTER_DOMAIN is in every name that the program requests ($components.length components)',
  async ({ components }) => {
    const settings = { CLUSTER_DOMAIN: 'blue.example' };
    const environment = environmentIn('a', await render({ of: 'base', components, settings }));
    expect(environment.KUBERNETES_SERVICE_DNS).toBe('kubernetes.default.svc.blue.example');
    const { hostname } = new URL(environment.KUBENURSE_SERVICE_URL ?? '');
    expect(hostname).toBe('kubenurse.a.svc.blue.example');
    expect(Object.values(environment).join(' ')).not.toContain('cluster.local');
  },
);

test('only /alwayshappy is published, at KUBENURSE_INGRESS_URL, and requested there', async () => {
  const rendered = await render({
    of: 'base',
    components: ['components/ingress', 'components/gateway-api'],
    settings: { KUBENURSE_INGRESS_URL: 'https://probe.example.org' },
  });
  const backend = { service: { name: 'kubenurse', port: { number: 8080 } } };
  const paths = [{ path: '/alwayshappy', pathType: 'Exact', backend }];
  expect(theOnly<V1Ingress>(rendered, 'Ingress').spec).toEqual({
    tls: [{ hosts: ['probe.example.org'] }],
    rules: [{ host: 'probe.example.org', http: { paths } }],
  });
  expect(theOnly<HttpRoute>(rendered, 'HTTPRoute').spec).toMatchObject({
    hostnames: ['probe.example.org'],
    rules: [
      {
        matches: [{ path: { type: 'Exact', value: '/alwayshappy' } }],
        backendRefs: [{ name: 'kubenurse', port: 8080 }],
      },
    ],
  });
  expect(environmentIn('kubenurse', rendered)).toMatchObject({
    KUBENURSE_INGRESS_URL: 'https://probe.example.org',
    KUBENURSE_CHECK_ME_INGRESS: 'true',
  });
});
