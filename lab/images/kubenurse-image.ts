import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Buildah } from './buildah.ts';
import { makeBuildImage, makeRunImage, NPM_CACHE } from './stand-in-images.ts';

const ROOT = join(import.meta.dirname, '../..');

/** What the image is built on: stand-ins for those that the Dockerfile names, as no registry is needed. */
export const RUN_IMAGE = 'localhost/stand-in-to-run';
const BUILD_IMAGE = 'localhost/stand-in-to-build';

/**
 * Builds our Dockerfile as the image `name`, with these arguments. Whoever calls this has run `npm ci`, which has left all
 * in the cache that the Dockerfile's `npm ci` needs. Rejects with what buildah writes.
 */
export async function buildKubenurseImage(
  buildah: Buildah,
  name: string,
  settings: Readonly<Record<string, string>> = {},
): Promise<void> {
  await makeRunImage(buildah, RUN_IMAGE);
  await makeBuildImage(buildah, BUILD_IMAGE);
  const { stdout: cache } = await promisify(execFile)('npm', ['config', 'get', 'cache']);
  const all = { BUILD_IMAGE, RUN_IMAGE, ...settings };
  await buildah.build(
    name,
    ROOT,
    ...['--volume', `${cache.trim()}:${NPM_CACHE}:O`],
    ...Object.entries(all).flatMap(([key, value]) => ['--build-arg', `${key}=${value}`]),
  );
}
