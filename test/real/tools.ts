import { existsSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '../tools/bin');

/** Where `npm run tools` puts this program. Throws when it is not there. */
export function tool(name: 'otelcol' | 'prometheus' | 'promtool'): string {
  const path = join(FOLDER, name);
  if (!existsSync(path)) throw new Error(`${name} is missing: npm run tools`);
  return path;
}
