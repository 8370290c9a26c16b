import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  dumpYaml,
  type KubernetesObject,
  type V1DaemonSet,
  type V1Pod,
} from '@kubernetes/client-node';
import type { RealControlPlane } from '../../lab/real/control-plane.ts';
import type { Kubectl } from '../../lab/real/kubectl.ts';
import { ofKind, probeOf, type Rendered } from './rendered.ts';

const execute = promisify(execFile);

/**
 * The definitions that `npm run tools` takes from the Go modules that define them (lab/tools/crds).
 */
const DEFINITIONS = join(import.meta.dirname, '../../lab/tools/bin/crds');

const APPLY = ['apply', '--server-side'];

/**
 * Resolves when the API server knows the kinds of prometheus-operator, Gateway API and cert-manager
 * that the manifests use.
 */
export async function installDefinitions({ kubectl }: RealControlPlane): Promise<void> {
  if (!existsSync(DEFINITIONS)) throw new Error(`${DEFINITIONS} is missing: npm run tools`);
  const files = readdirSync(DEFINITIONS).map((file) => `--filename=${join(DEFINITIONS, file)}`);
  await kubectl.run(...APPLY, ...files);
  await kubectl.run('wait', 'crd', '--all', '--for=condition=Established', '--timeout=10s');
}

/**
 * Creates the namespace, and the service accounts of the pods in it. The namespace is the rendered
 * one or, if there is none, one that accepts only restricted pods, unless the probe uses the host's
 * network.
 */
export async function makeNamespace(
  { kubectl }: RealControlPlane,
  name: string,
  rendered: Rendered,
): Promise<void> {
  const level = probeOf(rendered).pod.hostNetwork ? 'privileged' : 'restricted';
  const [namespace = namespaceOf(name, level)] = ofKind(rendered, 'Namespace');
  const pods = [...podsOf(rendered), ...ofKind<V1Pod>(rendered, 'Pod')];
  const accounts = new Set(pods.map(({ spec }) => spec?.serviceAccountName ?? 'default'));
  const objects = [...accounts].map((account) => ({
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: account, namespace: name },
  }));
  await send(kubectl, APPLY, toYaml([namespace, ...objects]));
}

function namespaceOf(name: string, level: string): KubernetesObject {
  const labels = {
    'pod-security.kubernetes.io/enforce': level,
    'pod-security.kubernetes.io/warn': level,
  };
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
}

/**
 * Makes the API server examine everything as if it were applied, and a Pod of each template in it.
 * Resolves to its warnings, one line each; rejects with the reason if it refuses one.
 */
export async function tryToApply(
  { kubectl }: RealControlPlane,
  rendered: Rendered,
): Promise<string[]> {
  const trial = [...APPLY, '--dry-run=server'];
  const warnings = await send(kubectl, trial, rendered.yaml);
  return [...warnings, ...(await send(kubectl, trial, toYaml(podsOf(rendered))))];
}

/** A Pod of each template of a DaemonSet or Deployment, as its controller would create it. */
function podsOf(rendered: Rendered): V1Pod[] {
  return ['DaemonSet', 'Deployment']
    .flatMap((kind) => ofKind<V1DaemonSet>(rendered, kind))
    .map(({ metadata: { name = '', namespace = '' } = {}, spec }) => {
      const { metadata, spec: podSpec = { containers: [] } } = spec?.template ?? {};
      const pod = { apiVersion: 'v1', kind: 'Pod', spec: podSpec };
      return { ...pod, metadata: { ...metadata, name, namespace } };
    });
}

function toYaml(objects: readonly KubernetesObject[]): string {
  return objects.map((object) => dumpYaml(object)).join('---\n');
}

/** Resolves to the lines that kubectl writes to its standard error. */
async function send(kubectl: Kubectl, verb: readonly string[], yaml: string): Promise<string[]> {
  const [program = '', ...args] = kubectl.command;
  const running = execute(program, [...args, ...verb, '--filename=-'], { timeout: 20_000 });
  // Its standard error reports why it ended without having read everything.
  running.child.stdin?.on('error', () => {}).end(yaml);
  const { stderr } = await running;
  return stderr.split('\n').filter((line) => line !== '');
}
