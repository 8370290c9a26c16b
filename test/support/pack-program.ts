import { rename } from 'node:fs/promises';
import type { TestProject } from 'vitest/node';
import { pack } from '../../deploy/image/pack.ts';
import { PROGRAM } from './program-file.ts';

/**
 * Packs the program before the tests, and before each rerun of `vitest --watch`. The packed program
 * starts in 0.13 s of CPU time, the sources in 0.75 s, and the tests start more than a hundred.
 */
export default async function setup(project: TestProject): Promise<void> {
  project.onTestsRerun(packProgram);
  await packProgram();
}

/** Never leaves half a file, because another run of the tests may start it meanwhile. */
async function packProgram(): Promise<void> {
  const file = PROGRAM.replace('.cjs', `-${process.pid}.cjs`);
  await pack(file, { minify: false });
  await rename(file, PROGRAM);
}
