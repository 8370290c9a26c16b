import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';

/** Programs that are built from the Go module in a folder beside this file. */
type Tool = Readonly<{
  folder: string;
  programs: readonly string[];
  buildFlags: readonly string[];
  /** In addition to those that omit what only a debugger needs. */
  linkFlags?: readonly string[];
}>;

const KUBERNETES_PROGRAMS = [
  'kube-apiserver',
  'kube-controller-manager',
  'kube-proxy',
  'kube-scheduler',
  'kubectl',
  'kubelet',
];

/** All of them, in build order. */
export const TOOLS: readonly Tool[] = [
  {
    folder: 'prometheus',
    programs: ['prometheus', 'promtool'],
    // Only the service discovery for Kubernetes, and no web pages.
    buildFlags: [
      '-tags=netgo,stringlabels,remove_all_sd,enable_kubernetes_sd',
      'github.com/prometheus/prometheus/cmd/prometheus',
      'github.com/prometheus/prometheus/cmd/promtool',
    ],
  },
  { folder: 'otelcol', programs: ['otelcol'], buildFlags: ['.'] },
  {
    folder: 'kubernetes',
    programs: ['etcd', 'coredns', 'pause', ...KUBERNETES_PROGRAMS],
    buildFlags: [
      './etcd',
      './coredns',
      './pause',
      ...KUBERNETES_PROGRAMS.map((program) => `k8s.io/kubernetes/cmd/${program}`),
    ],
    linkFlags: kubernetesVersionFlags(),
  },
  {
    folder: 'helm',
    programs: ['helm', 'kubeconform'],
    buildFlags: ['helm.sh/helm/v4/cmd/helm', 'github.com/yannh/kubeconform/cmd/kubeconform'],
  },
  {
    folder: 'actionlint',
    programs: ['actionlint'],
    buildFlags: ['github.com/rhysd/actionlint/cmd/actionlint'],
  },
  { folder: 'impair', programs: ['impair'], buildFlags: ['.'] },
  { folder: 'peer', programs: ['peer'], buildFlags: ['.'] },
];

const BIN = join(import.meta.dirname, 'bin');

/**
 * Sets the version of the Kubernetes programs, as Kubernetes' own build does; a Go module does not
 * contain it.
 */
function kubernetesVersionFlags(): string[] {
  const goMod = readFileSync(join(import.meta.dirname, 'kubernetes/go.mod'), 'utf8');
  const [, version, major, minor] = /k8s\.io\/kubernetes (v(\d+)\.(\d+)\.\S+)/.exec(goMod) ?? [];
  const values = { gitVersion: version, gitMajor: major, gitMinor: minor, gitTreeState: 'clean' };
  return Object.entries(values).map(
    ([name, value]) => `-X=k8s.io/component-base/version.${name}=${value}`,
  );
}

/**
 * Builds the tool, unless it was already built from the same files with the same flags. Throws if
 * it fails.
 */
function build(tool: Tool): void {
  const names = tool.programs.join(', ');
  const stamp = join(BIN, `${tool.folder}.sha256`);
  const digest = digestOf(tool);
  const isThere = tool.programs.every((program) => existsSync(join(BIN, program)));
  if (isThere && existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) {
    console.log(`${names}: up to date`);
    return;
  }
  console.log(`${names}: building; from an empty cache that takes minutes`);
  const start = performance.now();
  rmSync(stamp, { force: true });
  goBuild(tool);
  writeFileSync(stamp, digest);
  console.log(`${names}: built in ${((performance.now() - start) / 1_000).toFixed(0)} s`);
}

function digestOf({ folder, buildFlags, linkFlags = [] }: Tool): string {
  const hash = createHash('sha256').update(JSON.stringify([...buildFlags, ...linkFlags]));
  const path = join(import.meta.dirname, folder);
  const files = readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((file) => join(file.parentPath, file.name));
  for (const file of files.toSorted()) hash.update(relative(path, file)).update(readFileSync(file));
  return hash.digest('hex');
}

function goBuild({ folder, buildFlags, linkFlags = [] }: Tool): void {
  const cwd = join(import.meta.dirname, folder);
  const ldflags = ['-s', '-w', ...linkFlags].join(' ');
  const flags = ['-buildvcs=false', `-ldflags=${ldflags}`, '-o', `${BIN}/`, ...buildFlags];
  const { error, status } = spawnSync('go', ['build', ...flags], {
    cwd,
    // Without a C compiler, and independent of any surrounding workspace.
    env: { ...process.env, CGO_ENABLED: '0', GOWORK: 'off' },
    stdio: 'inherit',
  });
  if (error) {
    const [, version] = readFileSync(join(cwd, 'go.mod'), 'utf8').match(/^go (.+)$/m) ?? [];
    throw new Error(`Go ${version} or later is needed to build ${folder}: ${error.message}`);
  }
  if (status !== 0) throw new Error(`go build of ${folder} ended with exit code ${status}`);
}

/** Builds what is not up to date. Throws if a build fails. */
export function buildAll(): void {
  mkdirSync(BIN, { recursive: true });
  TOOLS.forEach(build);
}
