import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
const BIN = join(ROOT, 'lab/tools/bin');
const STAMP = 'sources.sha256';

/** The longest a build can take: far more than the minute it takes on two cores. */
const MAX_BUILD_MS = 3_600_000;

/** What `mkdtemp` appends to a name. */
const RANDOM_PART = /^\w{6}$/;

/**
 * The folder of this name in `parent`: by default, beside the programs of `npm run tools`. `build`
 * fills it, unless it was filled before from the same sources (files and folders of the repository)
 * and with the same version of Node. Rejects as `build` does.
 */
export async function builtOnce(
  name: string,
  sources: readonly string[],
  build: (folder: string) => Promise<void>,
  parent = BIN,
): Promise<string> {
  const digest = digestOf(sources);
  const built = join(parent, name);
  const stamp = join(built, STAMP);
  await mkdir(parent, { recursive: true });
  await removeAbandoned(parent, name);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return built;
  const folder = await mkdtemp(join(parent, `${name}-`));
  try {
    await build(folder);
    await writeFile(join(folder, STAMP), digest);
    await rm(built, { recursive: true, force: true });
    await rename(folder, built);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return built;
}

/**
 * Removes what killed builds have left behind. Only age distinguishes it from builds in progress,
 * because those may run in other PID namespaces.
 */
async function removeAbandoned(parent: string, name: string): Promise<void> {
  const prefix = `${name}-`;
  for (const entry of await readdir(parent)) {
    if (!entry.startsWith(prefix) || !RANDOM_PART.test(entry.slice(prefix.length))) continue;
    const folder = join(parent, entry);
    const status = await stat(folder).catch(() => undefined);
    if (status !== undefined && Date.now() - status.mtimeMs > MAX_BUILD_MS) {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

function digestOf(sources: readonly string[]): string {
  const hash = createHash('sha256').update(process.version);
  for (const file of sources.map((source) => join(ROOT, source)).flatMap(filesIn)) {
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
