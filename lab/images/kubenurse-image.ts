import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import packageJson from '../../package.json' with { type: 'json' };
import { Buildah } from './buildah.ts';
import { builtOnce } from './built-once.ts';
import { makeBuildImage, makeRunImage, NPM_CACHE } from './stand-in-images.ts';

const ROOT = join(import.meta.dirname, '../..');

/**
 * The images it is built on: stand-ins for those that the Dockerfile names, so that no registry is
 * needed. Each has one layer.
 */
const RUN_IMAGE = 'localhost/stand-in-to-run';
const BUILD_IMAGE = 'localhost/stand-in-to-build';

/** The image that the manifests and the chart name. */
export const KUBENURSE_IMAGE = `${packageJson.config.image}:${packageJson.version}`;

/** The Dockerfile's arguments for the build. */
export const BUILD_ARGUMENTS = {
  BUILD_IMAGE,
  RUN_IMAGE,
  VERSION: packageJson.version,
  REVISION: 'a1b2c3',
  CREATED: '2026-11-21T10:00:00Z',
} as const;

/** The image's sources: what .dockerignore admits, and how it is built. */
export const KUBENURSE_SOURCES: readonly string[] = [
  ...readFileSync(join(ROOT, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1)),
  'Dockerfile',
  'lab/images',
];

/**
 * An archive of the image that the project's Dockerfile builds. Building takes 40 s and is skipped
 * if it was done from the same sources. Callers have run `npm ci`, which leaves everything in the
 * cache that the Dockerfile's `npm ci` needs. Rejects with buildah's output.
 */
export async function kubenurseArchive(): Promise<string> {
  return join(await builtOnce('kubenurse-image', KUBENURSE_SOURCES, build), 'kubenurse.tar');
}

async function build(folder: string): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const buildah = await Buildah.create(stack);
  await makeRunImage(buildah, RUN_IMAGE);
  await makeBuildImage(buildah, BUILD_IMAGE);
  const { stdout: cache } = await promisify(execFile)('npm', ['config', 'get', 'cache']);
  await buildah.build(
    KUBENURSE_IMAGE,
    ROOT,
    ...['--volume', `${cache.trim()}:${NPM_CACHE}:O`],
    ...Object.entries(BUILD_ARGUMENTS).flatMap(([key, value]) => [
      '--build-arg',
      `${key}=${value}`,
    ]),
  );
  await buildah.save(KUBENURSE_IMAGE, join(folder, 'kubenurse.tar'));
}
