import type { Threshold } from './dashboard-file.ts';
import { colorNamed } from './svg.ts';

/** The colour of the highest step that the value has reached. */
export function colorOf(value: number, steps: readonly Threshold[]): string {
  const step = steps.findLast(({ value: from }) => from === null || value >= from);
  return colorNamed(step?.color ?? '#ffffff');
}
