import { link } from 'node:fs/promises';
import { join } from 'node:path';
import { Buildah } from '../images/buildah.ts';
import { builtOnce } from '../images/built-once.ts';
import { KUBENURSE_SOURCES, kubenurseArchive } from '../images/kubenurse-image.ts';
import { makeProgramImage } from '../images/stand-in-images.ts';
import { tool } from '../tools/tool.ts';

/** The image of the container that holds a pod's namespaces. */
export const PAUSE_IMAGE = 'localhost/pause:lab';
export const COREDNS_IMAGE = 'localhost/coredns:lab';
/** The image of the manifests in otel-collector/. */
export const COLLECTOR_IMAGE = 'otel/opentelemetry-collector-contrib:0.159.0';

const SOURCES = [
  ...KUBENURSE_SOURCES,
  'lab/kubernetes/images.ts',
  'lab/tools/bin/kubernetes.sha256',
];

/**
 * The folder with archives of all images that a cluster runs. Building them takes a minute and is
 * skipped if it was done from the same sources.
 */
export function images(): Promise<string> {
  return builtOnce('images', SOURCES, buildImages);
}

/**
 * Writes an archive of the Collector that `npm run tools` builds, under the name in the manifests.
 * It is not cached: each cluster builds it again.
 */
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
  await buildah.save(PAUSE_IMAGE, join(folder, 'pause.tar'));
  await makeProgramImage(buildah, COREDNS_IMAGE, tool('coredns'), '65532:65532');
  await buildah.save(COREDNS_IMAGE, join(folder, 'coredns.tar'));
  await link(await kubenurseArchive(), join(folder, 'kubenurse.tar'));
}
