import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { run } from '../../lab/support/command.ts';
import { tool } from '../../lab/tools/tool.ts';
import { type Rendered, readManifests } from './rendered.ts';

const FOLDER = join(import.meta.dirname, '../../deploy/kustomize');

/** The folders of deploy/kustomize that can be applied as they are. */
export const VARIANTS = ['base', ...foldersIn('overlays')];

/** The folders of deploy/kustomize that an overlay can combine. */
export const COMPONENTS = foldersIn('components');

/** An overlay as a user writes it. */
export type Overlay = Readonly<{
  /** A folder of deploy/kustomize. */
  of: string;
  components?: readonly string[];
  namespace?: string;
  /** Variables in addition to or instead of those of base/settings.env; components read them. */
  settings?: Readonly<Record<string, string>>;
  patches?: readonly object[];
}>;

function foldersIn(folder: string): string[] {
  return readdirSync(join(FOLDER, folder)).map((name) => `${folder}/${name}`);
}

/** What `kubectl kustomize` renders. Throws with kubectl's message if it cannot be rendered. */
export async function render(overlay: Overlay): Promise<Rendered> {
  const directory = mkdtempSync(join(tmpdir(), 'overlay-'));
  try {
    writeOverlay(directory, overlay);
    return readManifests(await run([tool('kubectl'), 'kustomize', directory]));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function writeOverlay(directory: string, overlay: Overlay): void {
  const { of, components = [], namespace, settings, patches = [] } = overlay;
  const path = (folder: string) => relative(directory, join(FOLDER, folder));
  write(directory, {
    ...(namespace !== undefined && { namespace }),
    resources: [path(of)],
    components: [...(settings ? ['settings'] : []), ...components.map(path)],
    patches,
  });
  if (settings === undefined) return;
  const literals = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  mkdirSync(join(directory, 'settings'));
  write(join(directory, 'settings'), {
    apiVersion: 'kustomize.config.k8s.io/v1alpha1',
    kind: 'Component',
    configMapGenerator: [{ name: 'kubenurse', behavior: 'merge', literals }],
  });
}

function write(directory: string, kustomization: object): void {
  writeFileSync(join(directory, 'kustomization.yaml'), JSON.stringify(kustomization));
}
