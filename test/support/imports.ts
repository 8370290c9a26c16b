import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path/posix';

const ROOT = join(import.meta.dirname, '../..');

/** One import statement: the file it is in, and what it imports. */
export type Import = Readonly<{ file: string; imported: string }>;

/** The TypeScript files in these folders, by their paths from the root. */
export function filesIn(...folders: string[]): string[] {
  return folders
    .flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true }).map((name) => join(folder, `${name}`)),
    )
    .filter((file) => file.endsWith('.ts'));
}

/** Every import in these folders: a file of the project by its path from the root, or a package. */
export function importsIn(...folders: string[]): Import[] {
  return filesIn(...folders).flatMap((file) =>
    importsOf(readFileSync(join(ROOT, file), 'utf8')).map((name) => ({
      file,
      imported: name.startsWith('.') ? join(dirname(file), name) : name,
    })),
  );
}

const STATEMENT =
  /^(?:import|export)\s(?:[\w\s{},*$]+\sfrom\s+)?'([^']+)'|\bimport\(\s*'([^']+)'/gm;

/** The names in the import and export statements of a file's text. */
export function importsOf(source: string): string[] {
  return [...source.matchAll(STATEMENT)].map(([, from, call]) => from ?? call ?? '');
}
