import type { Edge, Evidence } from './evidence.ts';

/** Share of witnesses that must agree: a check just before or after must not hide a fault. */
export const AGREEMENT = 0.9;

/** This many witnesses are required if there could be as many. */
export const WITNESSES = 3;

/** The paths between nodes that no finding explains yet. */
export class OpenPaths {
  readonly #evidence: Evidence;
  readonly #explained = new Set<Edge>();

  constructor(evidence: Evidence) {
    this.#evidence = evidence;
  }

  get failing(): Edge[] {
    return this.#evidence.failing.filter(this.#isOpen);
  }

  get all(): Edge[] {
    return this.#evidence.edges.filter(this.#isOpen);
  }

  has(edge: Edge): boolean {
    return !this.#explained.has(edge);
  }

  from(node: string): Edge[] {
    return (this.#evidence.from.get(node) ?? []).filter(this.#isOpen);
  }

  to(node: string): Edge[] {
    return (this.#evidence.to.get(node) ?? []).filter(this.#isOpen);
  }

  explain(edges: Iterable<Edge>): void {
    for (const edge of edges) this.#explained.add(edge);
  }

  readonly #isOpen = (edge: Edge) => this.has(edge);
}
