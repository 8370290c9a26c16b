import type { Outcome } from './model.ts';

/** How many statuses, besides 200, the metrics of a check name: a target returns a few. */
const MAX_STATUSES = 16;

/**
 * Bounds the series of each check: thirty hostile targets that returned every status raised
 * `/metrics` to four times its size (measured), for as long as their checks exist.
 */
export class NamedStatuses {
  readonly #byType = new Map<string, Set<string>>();

  /**
   * The outcome with the labels for metrics. Once a check has had 16 statuses, any other counts as
   * the first of its class, as clients treat those that they do not know (RFC 9110, section 15).
   */
  limit(type: string, outcome: Outcome): Outcome {
    if (outcome.kind === 'ok' || outcome.code === undefined) return outcome;
    const known = this.#byType.get(type) ?? new Set<string>();
    this.#byType.set(type, known);
    if (known.size < MAX_STATUSES) known.add(outcome.code);
    if (known.has(outcome.code)) return outcome;
    const code = firstOfClass(outcome.code);
    return { ...outcome, code, event: outcome.event.replace(outcome.code, code) };
  }

  /** Forgets a check. */
  delete(type: string): void {
    this.#byType.delete(type);
  }
}

/** One above 599 counts as 500. */
function firstOfClass(status: string): string {
  return `${Math.min(Number(status.slice(0, 1)), 5)}00`;
}
