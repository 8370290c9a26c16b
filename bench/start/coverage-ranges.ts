/**
 * As V8 reports it: offsets in the source, and how often the code between them has run. Inner
 * ranges follow outer ones.
 */
export type FunctionCoverage = Readonly<{
  ranges: readonly Readonly<{ startOffset: number; endOffset: number; count: number }>[];
}>;

/** How many bytes there are, and how many of them have run. */
export type Share = Readonly<{ bytes: number; run: number }>;

/** esbuild's comment before a module. */
const MODULE = /^ *\/\/ ((?:node_modules\/|src\/|exporters\/|left-out:|package\.json).*)$/gm;

const PACKAGE = /^.*\bnode_modules\/((?:@[^/]+\/)?[^/]+)/;

/**
 * How much of each package in a packed program (ASCII, not minified) has run in at least one of the
 * runs. `src, exporters` is kubenurse itself; what precedes the first module belongs to no package.
 */
export function sharesOfPackages(
  source: string,
  runs: readonly (readonly FunctionCoverage[])[],
): Map<string, Share> {
  const hasRun = new Uint8Array(source.length);
  for (const functions of runs) {
    const inThisRun = new Uint8Array(source.length);
    for (const { startOffset, endOffset, count } of functions.flatMap(({ ranges }) => ranges)) {
      inThisRun.fill(count > 0 ? 1 : 0, startOffset, endOffset);
    }
    for (const [offset, one] of inThisRun.entries()) if (one === 1) hasRun[offset] = 1;
  }
  const shares = new Map<string, Share>();
  const modules = [...source.matchAll(MODULE)];
  for (const [index, { 1: path = '', index: begin }] of modules.entries()) {
    const end = modules[index + 1]?.index ?? source.length;
    const name = PACKAGE.exec(path)?.[1] ?? 'src, exporters';
    const { bytes, run } = shares.get(name) ?? { bytes: 0, run: 0 };
    const more = hasRun.subarray(begin, end).reduce((sum, one) => sum + one, 0);
    shares.set(name, { bytes: bytes + end - begin, run: run + more });
  }
  return shares;
}
