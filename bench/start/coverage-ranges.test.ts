import { expect, test } from 'vitest';
import { type FunctionCoverage, sharesOfPackages } from './coverage-ranges.ts';

const OURS = '// src/main.ts\n12345678\n';
const NESTED = '  // node_modules/koa/node_modules/@a/b/index.js\n12345678\n';
const KOA = '// node_modules/koa/lib/koa.js\n12345678\n';
const SOURCE = `prelude;\n${OURS}${NESTED}${KOA}`;

/** From the beginning of this text to the end of the source. */
function ran(from: string, count: number): FunctionCoverage {
  const range = { startOffset: SOURCE.indexOf(from), endOffset: SOURCE.length, count };
  return { ranges: [range] };
}

test.each<{ what: string; runs: FunctionCoverage[][]; run: number[] }>([
  { what: 'nothing, where nothing ran', runs: [], run: [0, 0, 0] },
  {
    what: 'less, where an inner range has not run',
    runs: [[{ ranges: [...ran('prelude', 1).ranges, ...ran(NESTED, 0).ranges] }]],
    run: [OURS.length, 0, 0],
  },
  {
    what: 'less, where an inner function has not run',
    runs: [[ran('prelude', 1), ran(KOA, 0)]],
    run: [OURS.length, NESTED.length, 0],
  },
  {
    what: 'what has run in one of the runs',
    runs: [[ran('prelude', 0)], [ran(KOA, 2)]],
    run: [0, 0, KOA.length],
  },
])('sharesOfPackages() reports $what', ({ runs, run }) => {
  const shares = sharesOfPackages(SOURCE, runs);
  expect([...shares.keys()]).toEqual(['src, exporters', '@a/b', 'koa']);
  expect([...shares.values()].map((share) => share.run)).toEqual(run);
});
