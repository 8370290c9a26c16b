import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
const BIN = join(ROOT, 'lab/tools/bin');
const STAMP = 'sources.sha256';

/**
 * The folder of this name beside the programs of `npm run tools`. `build` fills it, unless it was filled from the same
 * sources before: files and folders of the repository, and the version of Node.
 */
export async function builtOnce(
  name: string,
  sources: readonly string[],
  build: (folder: string) => Promise<void>,
): Promise<string> {
  const digest = digestOf(sources);
  const built = join(BIN, name);
  const stamp = join(built, STAMP);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return built;
  await mkdir(BIN, { recursive: true });
  const folder = await mkdtemp(join(BIN, `${name}-`));
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
