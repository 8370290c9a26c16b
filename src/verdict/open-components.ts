import type { Observation } from './evidence.ts';
import type { Victim } from './finding.ts';
import type { Steps } from './steps.ts';

/** What no finding explains yet among the checks that every pod runs, by check `type`. */
export type OpenComponents = Map<string, Observation[]>;

/** Postpones failures until the next results: what else fails by then may explain them. */
export function* postpone(
  open: OpenComponents,
  isPostponed: (each: Observation) => boolean,
): Steps<void> {
  for (const [type, all] of open) {
    yield;
    const postponed = (each: Observation) => each.up === false && isPostponed(each);
    if (!all.some(postponed)) continue;
    open.set(
      type,
      all.map((each) => (postponed(each) ? { ...each, up: undefined, isUndecided: true } : each)),
    );
  }
}

/** Takes the victims' failures from `open`: without the fault, their results are not known. */
export function take(open: OpenComponents, isVictim: (each: Observation) => boolean): Victim[] {
  const victims: Victim[] = [];
  for (const [type, all] of open) {
    const isTaken = (each: Observation) => each.up === false && isVictim(each);
    if (!all.some(isTaken)) continue;
    victims.push(...all.filter(isTaken).map(({ node }) => ({ node, type })));
    open.set(
      type,
      all.map((each) => (isTaken(each) ? { ...each, up: undefined } : each)),
    );
  }
  return victims;
}
