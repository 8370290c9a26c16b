import type { Cause } from '../model.ts';
import { type Draft, mainCause } from './draft.ts';
import { type Evidence, reachesNeighbours } from './evidence.ts';
import { clock, failure, nodeNames, outOf } from './words.ts';

/** A finding about what this pod can see. `nodes`: those it is about. */
function aboutView(
  kind: 'cut_off' | 'mostly_silent' | 'silent' | 'pod_list_stale',
  severity: 'critical' | 'info' | 'warning',
  nodes: readonly string[],
  words: Pick<Draft, 'headline' | 'details' | 'runbook' | 'witnesses' | 'cause'>,
): Draft {
  const subject =
    nodes.length > 0 ? ({ type: 'nodes', nodes } as const) : ({ type: 'view' } as const);
  return { kind, severity, subject, since: null, victims: [], ...words };
}

/**
 * The findings if the collecting pod has no report but its own and requests for others failed:
 * whatever else it sees may be its own fault. Undefined otherwise.
 */
export function alone(evidence: Evidence): Draft[] | undefined {
  const { reports, silent, view } = evidence;
  const { node } = view.collector;
  const own = reports.get(node);
  const causes = new Set(silent.values().map(({ cause }) => cause));
  const isFailure = (cause: Cause | null) => cause !== null && cause !== 'status';
  if (reports.keys().some((each) => each !== node) || !causes.values().some(isFailure)) return;
  const isReaching = causes.has('status') || (own !== undefined && reachesNeighbours(own));
  return isReaching ? mostlySilent(evidence) : [cutOff(evidence)];
}

/** The finding that this pod is cut off. */
function cutOff({ reports, silent, view }: Evidence): Draft {
  const { pod, node } = view.collector;
  const requested = [...silent.values()].filter((each) => each.cause !== null);
  const cause = mainCause(requested);
  const works = (reports.get(node)?.checks ?? []).filter(({ state }) => state === 'ok');
  const refused = requested.every((each) => each.cause === 'refused');
  return aboutView('cut_off', 'critical', [node], {
    cause,
    witnesses: { agree: requested.length, of: requested.length },
    headline: `This pod, on ${node}, reaches no other pod (${outOf(0, requested.length)}): use another one.`,
    details: [
      `${pod} has no reports but its own: ${failure(cause)}.`,
      refused
        ? 'Refused connections show that packets arrive: kubenurse may run on no other node.'
        : silent.size < 3
          ? 'Whether it is cut off, or the others are down, cannot be determined from here.'
          : 'So the state of the other pods is unknown here.',
      works.length > 0
        ? `What works from here: ${works.map(({ type }) => type).join(', ')}.`
        : 'No check works from here.',
    ],
    runbook: 'KubenurseNodeCannotReachOthers.md',
  });
}

/** The finding that too few nodes reported for a picture of the cluster. */
export function mostlySilent({ reports, silent }: Evidence): Draft[] {
  const all = reports.size + silent.size;
  if (silent.size * 2 < all) return [];
  const requested = [...silent.values()].filter(({ cause }) => cause !== null).length;
  const [severity, why] =
    requested < reports.size
      ? (['warning', 'the collection ran out of time before it requested the others'] as const)
      : (['critical', 'the rest of the cluster is not visible from here'] as const);
  return [
    aboutView('mostly_silent', severity, [], {
      cause: mainCause(silent.values()),
      witnesses: { agree: silent.size, of: all },
      headline: `Only ${outOf(reports.size, all, 'node')} reported: ${why}.`,
      details: ['All other findings are based on these reports alone.'],
      runbook: 'KubenurseProbeMissing.md',
    }),
  ];
}

/** Why nothing is known about a silent node. */
const SILENCE = {
  cordoned: 'their nodes are cordoned',
  reached: 'other pods reach them, but this pod does not',
  late: 'their reports were not requested, because the collection ran out of time',
  failing: 'too few pods check them to determine whether they or the paths are at fault',
  unknown: 'no pod that reported checks them',
} as const;

function silenceOf({ cordoned, silent, to, view }: Evidence, node: string): keyof typeof SILENCE {
  if (cordoned.has(node)) return 'cordoned';
  const checks = (to.get(node) ?? []).filter(({ check }) => check !== undefined);
  if (silent.get(node)?.cause === null) return 'late';
  if (checks.some(({ up, from }) => up && from !== view.collector.node)) return 'reached';
  return checks.length > 0 ? 'failing' : 'unknown';
}

/** Pods that did not report and that no other finding names. */
export function silentPods(evidence: Evidence, isNamed: (node: string) => boolean): Draft[] {
  const unnamed = [...evidence.silent.values()].filter(({ node }) => !isNamed(node));
  const groups = Map.groupBy(unnamed, ({ node }) => silenceOf(evidence, node));
  return [...groups].map(([reason, pods]) => {
    const nodes = pods.map(({ node }) => node);
    const cause = mainCause(pods);
    return aboutView('silent', 'info', nodes, {
      cause,
      witnesses: { agree: pods.length, of: evidence.nodes.size },
      headline: `No report from ${nodeNames(nodes)}.`,
      details: [
        `What is known: ${SILENCE[reason]}.`,
        ...(cause === null ? [] : [`Fetching the report: ${failure(cause)}.`]),
      ],
      runbook: 'KubenurseProbeMissing.md',
    });
  });
}

/** The finding that the list of expected pods is out of date. */
export function podList({ view }: Evidence): Draft[] {
  const { podListError, podListAt, now } = view;
  if (podListError === null) return [];
  const missing =
    podListAt === null
      ? 'There is no pod list: other pods are not known.'
      : `Pod list of ${clock(podListAt, now)}: pods added or removed since then are not known.`;
  return [
    aboutView('pod_list_stale', 'info', [], {
      cause: null,
      witnesses: { agree: 0, of: 0 },
      headline: missing,
      details: [`The list cannot be updated: ${podListError}.`],
      runbook: 'KubenurseApiServerUnreachable.md',
    }),
  ];
}
