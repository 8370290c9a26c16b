import type { Observation } from './evidence.ts';
import type { Victim } from './finding.ts';

/** What no finding explains yet of what every pod checks, by check `type`. */
export type OpenComponents = Map<string, Observation[]>;

/** Takes the failures for which this holds from what is open: how these checks would go otherwise is not known. */
export function take(open: OpenComponents, isVictim: (each: Observation) => boolean): Victim[] {
  const victims: Victim[] = [];
  for (const [type, all] of open) {
    const isTaken = (each: Observation) => each.up === false && isVictim(each);
    victims.push(...all.filter(isTaken).map(({ node }) => ({ node, type })));
    open.set(
      type,
      all.map((each) => (isTaken(each) ? { ...each, up: undefined } : each)),
    );
  }
  return victims;
}
