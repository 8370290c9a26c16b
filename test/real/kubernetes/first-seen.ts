import type { ProbePod } from '../../../lab/kubernetes/probes.ts';
import { httpGet } from '../../../lab/support/http-get.ts';

/** A pod's collection takes at most 12 s. */
const REQUEST_LIMIT_MS = 15_000;
/** The pod whose verdict is read: no outage breaks its node. */
const VIEWER = 'node-1';
/** What was seen, each with the time at which it was first seen. */
export class FirstSeen {
  readonly #began: number;
  readonly #seen = new Map<string, number>();

  /** `began`: in milliseconds since 1970. */
  constructor(began: number) {
    this.#began = began;
  }

  note(what: string): void {
    if (!this.#seen.has(what)) this.#seen.set(what, Date.now());
  }

  has(what: string): boolean {
    return this.#seen.has(what);
  }

  /** `what, 12 s`: in the order in which they were seen. */
  get all(): readonly string[] {
    return [...this.#seen].map(
      ([what, time]) => `${what}, ${Math.round((time - this.#began) / 1_000)} s`,
    );
  }
}

type Finding = Readonly<{
  kind: string;
  severity: string;
  subject: Readonly<{
    type: string;
    node?: string;
    nodes?: readonly string[];
    scope?: Readonly<{ in: string; nodes?: readonly string[] }>;
  }>;
}>;

type Collected = Readonly<{ findings: readonly Finding[]; view: Readonly<{ now: number }> }>;

/**
 * The findings of `/cluster.json` on node-1, as `node_unreachable node-3`; none if it does not
 * respond, or responds with what it collected before `began`, in milliseconds since 1970.
 */
export async function findingsOf(pods: readonly ProbePod[], began: number): Promise<string[]> {
  try {
    const viewer = pods.find(({ node }) => node === VIEWER);
    if (viewer === undefined) return [];
    const { body } = await httpGet(`${viewer.url}/cluster.json`, REQUEST_LIMIT_MS);
    const { findings, view }: Collected = JSON.parse(body);
    if (view.now * 1_000 < began) return [];
    return findings.filter(({ severity }) => severity !== 'info').map(nameOf);
  } catch {
    return [];
  }
}

function nameOf({ kind, subject: { type, node, nodes, scope } }: Finding): string {
  return `${kind} ${node ?? (nodes ?? scope?.nodes)?.join(',') ?? scope?.in ?? type}`;
}
