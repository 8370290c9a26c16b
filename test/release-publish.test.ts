import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { RELEASE } from '../deploy/release/names.ts';
import { temporaryFolder } from './support/api-server.ts';

const SCRIPT = join(import.meta.dirname, '../deploy/release/publish.sh');

const DIGESTS = { base: 'sha256:ba5e', image: 'sha256:1ma9e', chart: 'sha256:c4a27' };

/** What each program does besides logging its arguments. */
const PROGRAMS: Readonly<Record<string, string>> = {
  docker: `case "$*" in
  "buildx imagetools inspect"*) echo '"${DIGESTS.base}"' ;;
  "buildx build"*)
    while [ "$1" != --metadata-file ]; do shift; done
    echo '{"containerimage.digest":"${DIGESTS.image}"}' > "$2" ;;
esac`,
  helm: `case "$1" in push) echo 'Digest: ${DIGESTS.chart}' ;; esac`,
  cosign: '',
};

/** Runs the script with programs that publish nothing; returns their command lines. */
async function publish(): Promise<string[]> {
  const folder = await temporaryFolder();
  const [bin, log] = [join(folder, 'bin'), join(folder, 'log')];
  await mkdir(bin);
  for (const [name, does] of Object.entries(PROGRAMS)) {
    const script = `#!/bin/sh\necho "${name} $*" >> '${log}'\n${does}\n`;
    await writeFile(join(bin, name), script, { mode: 0o755 });
  }
  await promisify(execFile)('bash', [SCRIPT], {
    env: { ...process.env, PATH: `${bin}:${process.env.PATH}`, TMPDIR: folder },
  });
  return (await readFile(log, 'utf8')).trim().split('\n');
}

test('publish.sh builds from pinned base images, with SBOM and provenance, and signs image and chart', async () => {
  const commands = await publish();

  const builds = commands.filter((each) => each.startsWith('docker buildx build '));
  expect(builds).toHaveLength(1);
  for (const argument of [
    `--build-arg BUILD_IMAGE=docker.io/library/node:26-trixie-slim@${DIGESTS.base} `,
    `--build-arg RUN_IMAGE=gcr.io/distroless/nodejs26-debian13:nonroot@${DIGESTS.base} `,
    '--sbom=true --provenance=mode=max ',
  ]) {
    expect(builds[0]).toContain(argument);
  }
  const charts = RELEASE.image.replace(/[^/]+$/, 'charts');
  expect(commands.filter((each) => each.startsWith('cosign sign '))).toEqual([
    `cosign sign --yes ${RELEASE.image}@${DIGESTS.image}`,
    `cosign sign --yes ${charts}/kubenurse@${DIGESTS.chart}`,
  ]);
});
