import { hasAtMost } from '../at-most.ts';
import { InvalidField } from './fields.ts';

/**
 * Maximum objects in a report: one of 1 MiB has 6,000 to 8,000, two for each check. V8 learns the
 * keys of each object: 20,000 objects, each with three unique keys, take 0.15 s of the event loop
 * (measured).
 */
const MAX_OBJECTS = 10_000;

/**
 * Maximum lists in a report. The longest has 12,000: 200 checks with the 60 minutes of their last
 * hour.
 */
const MAX_LISTS = 20_000;

/**
 * Parses the JSON of a report. Throws an `InvalidField` instead of parsing more objects or lists
 * than a report has: 1 MiB of them takes 0.1 s of the event loop and 22 MB of memory (measured).
 * Throws a `SyntaxError` if it is not JSON.
 */
export function parseReport(body: Buffer): unknown {
  limit(body, '{', MAX_OBJECTS, 'objects');
  limit(body, '[', MAX_LISTS, 'lists');
  return JSON.parse(body.toString());
}

function limit(body: Buffer, character: string, max: number, what: string): void {
  if (!hasAtMost(body, character, max)) {
    throw new InvalidField(`it has more than ${max} ${what}`);
  }
}
