import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Programs that are built from the Go module in a folder beside this file. */
type Tool = Readonly<{
  folder: string;
  programs: readonly string[];
  buildFlags: readonly string[];
}>;

const TOOLS: readonly Tool[] = [
  {
    folder: 'prometheus',
    programs: ['prometheus', 'promtool'],
    // Of the service discoveries only that of Kubernetes, and no pages for a browser.
    buildFlags: [
      '-tags=netgo,stringlabels,remove_all_sd,enable_kubernetes_sd',
      'github.com/prometheus/prometheus/cmd/prometheus',
      'github.com/prometheus/prometheus/cmd/promtool',
    ],
  },
  { folder: 'otelcol', programs: ['otelcol'], buildFlags: ['.'] },
];

const BIN = join(import.meta.dirname, 'bin');

/** Builds the tool, unless that was done already from the same files with the same flags. Throws when it fails. */
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

function digestOf({ folder, buildFlags }: Tool): string {
  const hash = createHash('sha256').update(JSON.stringify(buildFlags));
  const path = join(import.meta.dirname, folder);
  for (const file of readdirSync(path).toSorted())
    hash.update(file).update(readFileSync(join(path, file)));
  return hash.digest('hex');
}

function goBuild({ folder, buildFlags }: Tool): void {
  const cwd = join(import.meta.dirname, folder);
  const flags = ['-buildvcs=false', '-ldflags=-s -w', '-o', `${BIN}/`, ...buildFlags];
  const { error, status } = spawnSync('go', ['build', ...flags], {
    cwd,
    // Without a C compiler, and whatever workspace we stand in.
    env: { ...process.env, CGO_ENABLED: '0', GOWORK: 'off' },
    stdio: 'inherit',
  });
  if (error) {
    const [, version] = readFileSync(join(cwd, 'go.mod'), 'utf8').match(/^go (.+)$/m) ?? [];
    throw new Error(`Go ${version} or later is needed to build ${folder}: ${error.message}`);
  }
  if (status !== 0) throw new Error(`go build of ${folder} ended with exit code ${status}`);
}

mkdirSync(BIN, { recursive: true });
try {
  TOOLS.forEach(build);
} catch (error) {
  console.error(`npm run tools: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
