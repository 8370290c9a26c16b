import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** These run programs and mostly wait for them. */
const LONGEST = [
  'end-to-end-components.test.ts',
  'end-to-end-node-changes.test.ts',
  'end-to-end-node-faults.test.ts',
  'fresh-install.test.ts',
];

/** The longest first, also in a fresh clone, where Vitest goes by the files' sizes. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification) =>
      LONGEST.some((name) => moduleId.endsWith(`/test/${name}`));
    const { true: long = [], false: rest = [] } = Object.groupBy(
      await super.sort(files),
      (file) => `${isLong(file)}`,
    );
    return [...long, ...rest];
  }
}

export default defineConfig({
  test: {
    include: ['{test,lab,bench}/**/*.test.ts'],
    globalSetup: 'test/support/pack-program.ts',
    // Two wait for a cluster while the third runs; by default a machine with two cores would run one file at a time.
    maxWorkers: 3,
    sequence: { sequencer: LongestFirst },
    // On a busy machine, too: `until()` waits for up to a minute.
    testTimeout: 90_000,
    hookTimeout: 90_000,
  },
});
