import type { Report } from '../verdict/report.ts';

/** The subject of a check: a node, or what its type names. */
export type Subject = Readonly<{ type: string; node: string | undefined }>;

/**
 * How many nodes, and likewise other checks, reports may add to those that this pod knows: more
 * than join in a rollout. Each is a row of the page and maybe a finding: 20 false reports of 3,000
 * nodes each led to a page of 22 MB, and one of 3,500 name servers to a verdict that took minutes.
 */
const MAX_ADDED = 100;

/** The nodes and the types of checks that the reports of one collection name. */
export class KnownNames {
  readonly #nodes: Set<string>;
  readonly #types: Set<string>;
  readonly #maxNodes: number;
  readonly #maxTypes: number;

  /** `nodes`: those that the API server has listed. `own`: the report of this pod. */
  constructor(nodes: Iterable<string>, own: Report) {
    this.#nodes = new Set([...nodes, ...own.checks.flatMap(({ node }) => node ?? [])]);
    this.#types = new Set(
      own.checks.filter(({ node }) => node === undefined).map(({ type }) => type),
    );
    this.#maxNodes = this.#nodes.size + MAX_ADDED;
    this.#maxTypes = this.#types.size + MAX_ADDED;
  }

  /** Whether this is known, or there is room to add it. */
  takes({ type, node }: Subject): boolean {
    return node === undefined
      ? add(this.#types, type, this.#maxTypes)
      : add(this.#nodes, node, this.#maxNodes);
  }
}

function add(names: Set<string>, name: string, max: number): boolean {
  if (names.size < max) names.add(name);
  return names.has(name);
}
