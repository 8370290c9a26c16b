import { dirname } from 'node:path/posix';
import { expect, test } from 'vitest';
import { filesIn, type Import, importsIn } from './support/imports.ts';

/**
 * What a file in each folder may import besides files of that folder. A trailing slash stands for
 * all folders within. A row names only rows above it, so that no folders import each other in a
 * circle.
 */
const FOLDERS: Readonly<Record<string, readonly string[]>> = {
  'deploy/helm': ['src/'],
  'deploy/image': ['src/'],
  'deploy/monitoring/dashboards': ['src/'],
  'deploy/release': [],

  'lab/support': [],
  'lab/tools': [],
  'lab/parts': ['lab/support'],
  'lab/contract': ['lab/parts', 'lab/support'],
  'lab/embedded/api-server': ['lab/contract', 'lab/parts', 'lab/support'],
  'lab/embedded': ['lab/embedded/api-server', 'lab/parts', 'lab/support'],
  'lab/cluster': ['lab/embedded', 'lab/parts', 'lab/support'],
  'lab/real': ['lab/cluster', 'lab/embedded', 'lab/parts', 'lab/support', 'lab/tools'],
  'lab/images': [],
  'lab/kubernetes': ['lab/images', 'lab/parts', 'lab/real', 'lab/support', 'lab/tools'],
  'lab/dashboards': ['lab/cluster', 'lab/parts', 'lab/real', 'lab/support'],
  'lab/demo': ['lab/cluster', 'lab/kubernetes', 'lab/parts', 'lab/real', 'lab/support'],

  'bench/support': ['lab/'],
  'bench/api-server': ['bench/support', 'lab/', 'src/'],
  'bench/fidelity': ['bench/support', 'lab/', 'src/'],
  'bench/dns': ['bench/fidelity', 'bench/support', 'lab/', 'src/'],
  'bench/footprint': ['bench/api-server', 'bench/support', 'lab/', 'src/'],
  'bench/scale': ['bench/api-server', 'bench/support', 'lab/', 'src/'],
  'bench/served': ['bench/support', 'lab/'],
  'bench/cpu': ['bench/footprint', 'bench/served', 'bench/support', 'lab/', 'src/'],
  'bench/cluster': ['bench/scale', 'bench/served', 'bench/support', 'lab/', 'src/'],
  'bench/scrape': ['exporters', 'src/'],
  'bench/start': ['bench/support', 'deploy/image', 'lab/'],
  bench: ['bench/', 'lab/', 'src/', 'exporters'],

  'test/support': ['lab/', 'src/', 'exporters', 'deploy/image'],
  'test/config': ['test/support', 'lab/support', 'src/'],
  'test/exporters': ['test/support', 'lab/support', 'src/', 'exporters'],
  'test/kubernetes': ['test/support', 'lab/', 'src/'],
  'test/neighbours': ['test/support', 'lab/', 'src/'],
  'test/stamp': ['test/support', 'lab/support', 'src/'],
  'test/probes': ['test/support', 'lab/', 'src/'],
  'test/verdict/simulator': ['src/'],
  'test/verdict': ['test/verdict/simulator', 'src/'],
  'test/pages/cluster-page': ['test/support', 'test/verdict/', 'src/'],
  'test/pages': ['test/support', 'test/verdict', 'lab/support', 'src/'],
  'test/cluster-text': ['test/verdict', 'src/'],
  'test/cluster': ['test/support', 'test/verdict', 'lab/support', 'src/'],
  'test/bundle': ['test/support', 'lab/'],
  'test/real': ['test/pages/cluster-page', 'test/support', 'lab/', 'src/', 'deploy/'],
  'test/real/kubernetes': ['test/real', 'test/support', 'lab/', 'deploy/'],
  test: ['test/support', 'test/probes', 'test/verdict', 'lab/', 'src/', 'exporters', 'deploy/'],
};

const ALL = ['src', 'exporters', 'lab', 'bench', 'test', 'deploy'];
const IN_TABLE = ['lab', 'bench', 'test', 'deploy'];

/** Excludes Node's own modules, packages and files such as package.json. */
function isOurs(imported: string): boolean {
  return ALL.some((folder) => imported.startsWith(`${folder}/`));
}

function covers(entry: string, folder: string): boolean {
  return entry.endsWith('/') ? `${folder}/`.startsWith(entry) : folder === entry;
}

/** The names along a circle in these imports; undefined if there is none. */
function circle(imports: readonly Import[]): string[] | undefined {
  const next = Map.groupBy(imports, ({ file }) => file);
  const done = new Set<string>();
  const visit = (name: string, path: readonly string[]): string[] | undefined => {
    if (path.includes(name)) return [...path.slice(path.indexOf(name)), name];
    if (done.has(name)) return undefined;
    for (const { imported } of next.get(name) ?? []) {
      const found = visit(imported, [...path, name]);
      if (found) return found;
    }
    done.add(name);
    return undefined;
  };
  return [...next.keys()].map((name) => visit(name, [])).find((found) => found !== undefined);
}

test('circle() finds a circle, whatever leads to it', () => {
  const imports = [
    { file: 'a', imported: 'b' },
    { file: 'b', imported: 'c' },
    { file: 'c', imported: 'd' },
  ];
  expect(circle(imports)).toBeUndefined();
  expect(circle([...imports, { file: 'd', imported: 'b' }])).toEqual(['b', 'c', 'd', 'b']);
});

test('every folder with files in lab/, bench/, test/ and deploy/ is in the table of folders', () => {
  expect(new Set(filesIn(...IN_TABLE).map(dirname))).toEqual(new Set(Object.keys(FOLDERS)));
});

test('a row of the table of folders names only rows above itself', () => {
  const rows = Object.keys(FOLDERS);
  const wrong = Object.entries(FOLDERS).flatMap(([folder, may], at) =>
    may
      .filter((entry) => rows.slice(at + 1).some((below) => covers(entry, below)))
      .map((entry) => `${folder}: ${entry}`),
  );
  expect(wrong).toEqual([]);
});

test('lab/, bench/, test/ and deploy/ import only from folders that the table allows', () => {
  const wrong = importsIn(...IN_TABLE)
    .filter(({ imported }) => isOurs(imported))
    .filter(({ file, imported }) => {
      const [from, to] = [dirname(file), dirname(imported)];
      return from !== to && !FOLDERS[from]?.some((entry) => covers(entry, to));
    });
  expect(wrong.map(({ file, imported }) => `${file} must not import ${imported}`)).toEqual([]);
});

test('src/ and exporters/ import nothing from the other folders', () => {
  const wrong = importsIn('src', 'exporters').filter(({ imported }) =>
    IN_TABLE.some((folder) => imported.startsWith(`${folder}/`)),
  );
  expect(wrong).toEqual([]);
});

test('no files import each other in a circle', () => {
  expect(circle(importsIn(...ALL).filter(({ imported }) => isOurs(imported)))).toBeUndefined();
});
