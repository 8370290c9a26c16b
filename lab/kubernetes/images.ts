import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import packageJson from '../../package.json' with { type: 'json' };
import { Buildah } from '../images/buildah.ts';
import { buildKubenurseImage } from '../images/kubenurse-image.ts';
import { makeProgramImage } from '../images/stand-in-images.ts';
import { tool } from '../tools/tool.ts';

/** What holds a pod's namespaces. */
export const PAUSE_IMAGE = 'localhost/pause:lab';
export const COREDNS_IMAGE = 'localhost/coredns:lab';
/** The image of the manifests in otel-collector/. */
export const COLLECTOR_IMAGE = 'otel/opentelemetry-collector-contrib:0.159.0';
/** The image that our manifests and chart name. */
export const KUBENURSE_IMAGE = `${packageJson.config.image}:${packageJson.version}`;

const ROOT = join(import.meta.dirname, '../..');
const BIN = join(ROOT, 'lab/tools/bin');
const IMAGES = join(BIN, 'images');
const STAMP = 'images.sha256';

/** What the images are made of: what .dockerignore lets in, how they are built, and the programs of `npm run tools`. */
const SOURCES = [
  ...readFileSync(join(ROOT, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1)),
  'Dockerfile',
  'lab/images',
  'lab/kubernetes/images.ts',
  'lab/tools/bin/kubernetes.sha256',
];

/**
 * The folder with archives of all images that a cluster runs. They are built, which takes a minute, unless that was done
 * from the same sources.
 */
export async function images(): Promise<string> {
  const digest = digestOfSources();
  const stamp = join(IMAGES, STAMP);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return IMAGES;
  const folder = await mkdtemp(join(BIN, 'images-'));
  try {
    await buildImages(folder);
    await writeFile(join(folder, STAMP), digest);
    await rm(IMAGES, { recursive: true, force: true });
    await rename(folder, IMAGES);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return IMAGES;
}

/** Writes an archive of the Collector that `npm run tools` builds, under the name that our manifests have; for each cluster anew. */
export async function writeCollectorImage(file: string): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const buildah = await Buildah.create(stack);
  await makeProgramImage(buildah, COLLECTOR_IMAGE, tool('otelcol'), '10001:10001');
  await buildah.save(COLLECTOR_IMAGE, file);
}

async function buildImages(folder: string): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const buildah = await Buildah.create(stack);
  await makeProgramImage(buildah, PAUSE_IMAGE, tool('pause'), '65535:65535');
  await makeProgramImage(buildah, COREDNS_IMAGE, tool('coredns'), '65532:65532');
  await buildKubenurseImage(buildah, KUBENURSE_IMAGE, { VERSION: packageJson.version });
  for (const [index, image] of [PAUSE_IMAGE, COREDNS_IMAGE, KUBENURSE_IMAGE].entries()) {
    await buildah.save(image, join(folder, `${index}.tar`));
  }
}

function digestOfSources(): string {
  const hash = createHash('sha256').update(process.version);
  for (const file of SOURCES.map((source) => join(ROOT, source)).flatMap(filesIn)) {
    hash.update(relative(ROOT, file)).update(readFileSync(file));
  }
  return hash.digest('hex');
}

function filesIn(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((file) => join(file.parentPath, file.name))
    .toSorted();
}
