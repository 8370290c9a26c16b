import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pack } from './pack.ts';

// npm run bundle: packs the program into one file, puts the licences of all that is in it into another, and prints how
// many bytes each package takes.

const ROOT = join(import.meta.dirname, '../..');
const PROGRAM = 'dist/kubenurse.cjs';
const LICENSES = 'dist/LICENSE';

const metafile = await pack(PROGRAM, { minify: true });
const packed = metafile.outputs[PROGRAM] ?? { inputs: {}, bytes: 0 };

/** By the package's folder; '' is ours. */
const sizes = new Map<string, number>();
for (const [file, { bytesInOutput }] of Object.entries(packed.inputs)) {
  const [folder = ''] = /^.*\bnode_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? [];
  sizes.set(folder, (sizes.get(folder) ?? 0) + bytesInOutput);
}
const byText = Map.groupBy([...sizes.keys()].toSorted(), licenseText);
const licenses = [...byText].map(([text, folders]) => [...folders.map(title), '', text].join('\n'));
writeFileSync(join(ROOT, LICENSES), licenses.join(`\n${'-'.repeat(80)}\n\n`));

for (const [folder, bytes] of [...sizes].toSorted(([, a], [, b]) => b - a)) print(bytes, folder);
print(packed.bytes, PROGRAM);

/** Such as `koa 3.3.0: MIT`. Throws where the package names no licence. */
function title(folder: string): string {
  const { name, version, license } = JSON.parse(read(folder, 'package.json'));
  if (license === undefined) throw new Error(`${folder} names no licence`);
  return `${name} ${version}: ${license}`;
}

/** The text that the package brings; some bring none. */
function licenseText(folder: string): string {
  const files = readdirSync(join(ROOT, folder)).filter((file) => /^(license|notice)/i.test(file));
  return files.map((file) => read(folder, file)).join('\n');
}

function read(folder: string, file: string): string {
  return readFileSync(join(ROOT, folder, file), 'utf8');
}

function print(bytes: number, what: string): void {
  console.log(`${String(bytes).padStart(7)}  ${what || 'src, exporters'}`);
}
