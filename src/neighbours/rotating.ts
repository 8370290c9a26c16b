import type { Neighbour, Result } from '../model.ts';
import type { Neighbourhood } from './discover.ts';
import { Rotation } from './rotation.ts';
import { Suspects } from './suspects.ts';

/**
 * The neighbours that this pod checks besides its fixed ones: others in each round, and those that
 * failed.
 */
export class RotatingNeighbours {
  readonly #neighbourhood: Neighbourhood;
  /** How many to check in each round. */
  readonly #count: number;
  readonly #rotation = new Rotation();
  readonly #suspects = new Suspects();
  #round: number | undefined;
  #nodes: readonly string[] = [];

  constructor(neighbourhood: Neighbourhood, count: number) {
    this.#neighbourhood = neighbourhood;
    this.#count = count;
  }

  /**
   * The neighbours of a round, which may include fixed ones and suspects. None if all others are
   * fixed neighbours.
   */
  inRound(round: number): readonly Neighbour[] {
    if (round !== this.#round) {
      this.#round = round;
      this.#nodes = this.#choose(round);
    }
    return this.#nodes.flatMap((node) => this.#neighbourhood.candidate(node) ?? []);
  }

  /** Those for which a rotating check failed, and that have not been ok for long enough since. */
  suspects(): readonly Neighbour[] {
    if (this.#suspects.nodes().length === 0) return [];
    const fixed = new Set(this.#neighbourhood.neighbours().map(({ nodeName }) => nodeName));
    const isToKeep = (node: string) =>
      !fixed.has(node) && this.#neighbourhood.candidate(node) !== undefined;
    this.#suspects.keep(isToKeep);
    return this.#suspects
      .nodes()
      .flatMap((node) => this.#neighbourhood.candidateWithZone(node) ?? []);
  }

  /** Records a result. Returns whether it makes its target a suspect. */
  record({ check, outcome }: Result): boolean {
    const node = check.target.neighbour?.nodeName;
    if (check.role === undefined || node === undefined) return false;
    if (outcome.kind !== 'ok') return this.#suspects.failed(node);
    this.#suspects.ok(node, performance.now());
    return false;
  }

  #choose(round: number): readonly string[] {
    const own = this.#neighbourhood.ownNode();
    const nodes = this.#neighbourhood.nodes();
    const others = nodes.length - (nodes.includes(own) ? 1 : 0);
    if (this.#neighbourhood.neighbours().length >= others) return [];
    return this.#rotation.next(own, nodes, round, this.#count);
  }
}
