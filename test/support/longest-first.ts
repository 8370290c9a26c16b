import { BaseSequencer, type TestSequencerConstructor, type TestSpecification } from 'vitest/node';

/**
 * Runs these files first, in this order, even in a fresh clone, where Vitest sorts by file size: a
 * slow file must not start when the others have finished. `files`: how their paths end.
 */
export function longestFirst(files: readonly string[]): TestSequencerConstructor {
  const rank = ({ moduleId }: TestSpecification) => {
    const index = files.findIndex((file) => moduleId.endsWith(`/${file}`));
    return index < 0 ? files.length : index;
  };
  return class extends BaseSequencer {
    override async sort(specifications: TestSpecification[]): Promise<TestSpecification[]> {
      return (await super.sort(specifications)).toSorted((one, other) => rank(one) - rank(other));
    }
  };
}
