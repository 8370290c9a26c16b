import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RealControlPlane } from '../../lab/real/control-plane.ts';
import { startControlPlane, whyNoControlPlane } from '../../lab/real/control-plane-fixture.ts';
import { run } from '../../lab/support/command.ts';
import { missingTools } from '../../lab/tools/tool.ts';
import { render, type Values } from './helm.ts';

const cannotRun = missingTools(['helm']).length > 0 || whyNoControlPlane();

const LONG = 'a'.repeat(64);
const LABEL_VALUES = ['a', 'A.b_c-D', '', '-a', 'a-', 'a b', 'ä', 'a/b', LONG.slice(1), LONG];
const LABEL_KEYS = ['team', 'Team', 'a.b/team', 'A.b/team', 'a/b/c', '-a', '/a', 'a/', 'ä', LONG];
const NAMES = ['probe', 'p', 'kube.nurse', 'Probe', '-probe', 'pro_be', 'ä'];
const HOSTS = [
  'a.example.com',
  'localhost',
  'xn--bcher-kva.example',
  '1.2.3',
  '10.0.0.1',
  'A.example.com',
  'a_b.example.com',
  'bücher.example',
  'a..b',
  '-a.example.com',
];

const ingress = (host: string) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: { name: 'probe' },
  spec: {
    rules: [{ host }],
    defaultBackend: { service: { name: 'probe', port: { number: 8080 } } },
  },
});
const configMap = (metadata: object) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'probe', ...metadata },
});
const service = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { ports: [{ port: 8080 }] },
});

/**
 * What a user writes, the values that contain it, and an object in which the API server would see
 * it.
 */
const CASES: readonly (readonly [string, Values, object])[] = [
  ...LABEL_VALUES.map(
    (a) => [`label a=${a}`, { podLabels: { a } }, configMap({ labels: { a } })] as const,
  ),
  ...LABEL_KEYS.map(
    (key) =>
      [
        `label ${key}`,
        { podLabels: { [key]: 'a' } },
        configMap({ labels: { [key]: 'a' } }),
      ] as const,
  ),
  ...LABEL_KEYS.map(
    (key) =>
      [
        `annotation ${key}`,
        { podAnnotations: { [key]: 'a' } },
        configMap({ annotations: { [key]: 'a' } }),
      ] as const,
  ),
  ...NAMES.map((name) => [`name ${name}`, { fullnameOverride: name }, service(name)] as const),
  ...HOSTS.map((host) => [`host ${host}`, { ingress: { url: host } }, ingress(host)] as const),
];

describe.skipIf(cannotRun)('the Helm chart and a real API server', () => {
  const stack = new AsyncDisposableStack();
  let controlPlane: RealControlPlane;
  beforeAll(async () => {
    controlPlane = await startControlPlane(stack, '10.86', ['IPv4']);
  });
  afterAll(() => stack.disposeAsync());

  test.each(CASES)('refuse the same: %s', async (_, values, object) => {
    const create = ['create', '--dry-run=server', '--filename=-'];
    const [program = '', ...args] = controlPlane.kubectl.command;
    const byApiServer = run([program, ...args, ...create], JSON.stringify(object));
    const [chart, apiServer] = await Promise.allSettled([render(values), byApiServer]);
    expect(chart.status, `${chart.status === 'rejected' && chart.reason}`).toBe(apiServer.status);
  });
});
