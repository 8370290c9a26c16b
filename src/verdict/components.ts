import { resolvesNothing } from './dns.ts';
import { type Draft, firstSince, mainCause } from './draft.ts';
import type { Evidence, Observation } from './evidence.ts';
import type { Kind, Victim } from './finding.ts';
import { mayFollow } from './fresh.ts';
import { findNameServers, nameServerTypes, stateOfNameServers } from './name-servers.ts';
import { type OpenComponents, postpone, take } from './open-components.ts';
import { AGREEMENT } from './paths.ts';
import { type Failing, onHowMany, scopesOf, where } from './scope.ts';
import { type DeadEndpoints, justLost, mayBeChance } from './service-noise.ts';
import { groupSteps, mapSteps, type Steps } from './steps.ts';
import { failure } from './words.ts';

type Rule = Readonly<{
  kind: Kind;
  component: string;
  name: string;
  /** Runbooks for the whole cluster, and for a part of it. */
  runbooks: readonly [everywhere: string, part: string];
  /** What else it explains on a node where it fails. */
  explains?: (other: Observation) => boolean;
}>;

const ON_NODE = 'KubenurseCheckFailingOnNode.md';
const FROM_NODE = 'KubenurseApiServerUnreachableFromNode.md';
const MTU = 'KubenurseMtuFault.md';

/** In this order: each takes its victims from those after it. */
const RULES: readonly Rule[] = [
  {
    kind: 'api_server',
    component: 'api_server_direct',
    name: 'The API server',
    runbooks: ['KubenurseApiServerUnreachable.md', FROM_NODE],
    explains: ({ check }) => check.kind === 'api_server_dns' && check.cause !== 'dns',
  },
  {
    kind: 'api_server_by_name',
    component: 'api_server_dns',
    name: 'The API server, by its DNS name,',
    runbooks: ['KubenurseApiServerUnreachableByName.md', FROM_NODE],
  },
  {
    kind: 'service',
    component: 'me_service',
    name: 'The service',
    runbooks: ['KubenurseServiceFailing.md', ON_NODE],
    // An ingress without endpoints responds with an error status.
    explains: ({ check }) => check.kind === 'me_ingress' && check.cause === 'status',
  },
  {
    kind: 'ingress',
    component: 'me_ingress',
    name: 'The ingress',
    runbooks: ['KubenurseIngressFailing.md', ON_NODE],
  },
];

/**
 * What every pod checks (DNS, name servers, API server, service, ingress, extra checks), unless an
 * isolated node or a dead endpoint explains it. `lost`: failures that a dead endpoint explains.
 */
export function* findComponents(
  evidence: Evidence,
  isolated: ReadonlySet<string>,
  dead: DeadEndpoints,
  lost: ReadonlySet<Observation>,
): Steps<Draft[]> {
  const open = new Map(
    yield* mapSteps([...evidence.components, ...evidence.udp], ([type, all]) => [
      type,
      all
        .filter(({ node }) => !isolated.has(node))
        .map((each) => (lost.has(each) ? { ...each, up: undefined } : each)),
    ]),
  );
  yield* leaveOutChance(evidence, open, dead);
  yield;
  const known = new Set([...RULES.map(({ component }) => component), ...nameServerTypes(open)]);
  const extras = [...open.keys()].filter((type) => !known.has(type));
  yield;
  const drafts = [...(yield* findMtu(evidence, open))];
  yield;
  drafts.push(...(yield* findDns(evidence, open)));
  yield;
  drafts.push(...(yield* findNameServers(evidence, open)));
  for (const rule of [...RULES, ...extras.map(extraRule)]) {
    yield;
    drafts.push(...(yield* apply(evidence, open, rule)));
  }
  return drafts;
}

/**
 * Leaves out failures of the service and the ingress that may have hit dead endpoints, or what was
 * just lost, by chance.
 */
function* leaveOutChance(
  evidence: Evidence,
  open: OpenComponents,
  dead: DeadEndpoints,
): Steps<void> {
  const lostBy = justLost(evidence);
  const mayHaveMet = (each: Observation, endpoints: DeadEndpoints) =>
    (each.check.kind === 'me_service' || each.check.kind === 'me_ingress') &&
    mayBeChance(each, endpoints, evidence.reports.size);
  take(open, (each) => mayHaveMet(each, dead));
  yield;
  yield* postpone(open, (each) => mayHaveMet(each, lostBy(each.node)));
}

function extraRule(type: string): Rule {
  const [, node] = /^udp_(.+)/.exec(type) ?? [];
  const name = node === undefined ? `The target of the check ${type}` : `UDP to ${node}`;
  return { kind: 'extra', component: type, name, runbooks: ['KubenurseCheckFailing.md', ON_NODE] };
}

/**
 * Nodes that exchange large packets with nobody: if they do with a neighbour, the component or what
 * is in front of it is at fault.
 */
function* findMtu(evidence: Evidence, open: OpenComponents): Steps<Draft[]> {
  const all = [...open.values()].flat();
  const failing = all.filter(({ up, check }) => up === false && check.cause === 'mtu');
  const byNode = Map.groupBy(failing, ({ node }) => node);
  const nodes = new Set(all.map(({ node }) => node)).size;
  // If they all fail, the component or what is in front of it is at fault.
  if (byNode.size > 1 && byNode.size >= nodes * AGREEMENT) return [];
  yield;
  const accused = [...byNode].filter(([node]) => !exchangesLarge(evidence, node));
  return yield* mapSteps(accused, ([node, checks]): Draft => {
    const victims = take(open, (each) => each.node === node && each.check.cause === 'mtu');
    return {
      kind: 'mtu',
      severity: 'warning',
      subject: { type: 'node', node, direction: 'from' },
      cause: 'mtu',
      since: firstSince(checks),
      witnesses: { agree: accused.length, of: nodes },
      headline: `Large packets from ${node} are lost; small ones arrive.`,
      details: [
        `Only these checks are affected: ${checks.map(({ check }) => check.type).join(', ')}.`,
      ],
      runbook: MTU,
      victims,
    };
  });
}

/**
 * Whether a check of a neighbour succeeds there: only these are sure to exchange large packets.
 * Fetching a report is no such check. Whoever runs the target of another check, or a pod behind the
 * service, can make it fail with any cause.
 */
function exchangesLarge({ from }: Evidence, node: string): boolean {
  return (from.get(node) ?? []).some(({ up, check }) => up && check !== undefined);
}

/** DNS has no check of its own: it fails where the names of other checks cannot be resolved. */
function* findDns(evidence: Evidence, open: OpenComponents): Steps<Draft[]> {
  const all = [...open.values()].flat();
  if (!all.some(({ up, check }) => up === false && check.cause === 'dns')) return [];
  const byNode = yield* groupSteps(all, ({ node }) => node);
  const resolved = yield* mapSteps(byNode.values(), (checks) => resolvesNothing(checks) ?? []);
  const observations = resolved.flat();
  const drafts = scopesOf(evidence, observations).map((failing) => {
    const nodes = new Set(failing.failing.map(({ node }) => node));
    const nameServers = stateOfNameServers(open, nodes);
    const victims = take(open, (each) => nodes.has(each.node) && each.check.cause === 'dns');
    const found = draft(
      evidence,
      {
        kind: 'dns',
        component: 'dns',
        name: 'DNS',
        runbooks: ['KubenurseDnsFailing.md', 'KubenurseDnsFailingOnNode.md'],
      },
      failing,
      victims,
    );
    return { ...found, details: [...found.details, ...nameServers] };
  });
  yield;
  const unresolved = new Set(observations.filter(({ up }) => !up).map(({ node }) => node));
  yield* postpone(open, (each) => unresolved.has(each.node) && each.check.cause === 'dns');
  return drafts;
}

function* apply(evidence: Evidence, open: OpenComponents, rule: Rule): Steps<Draft[]> {
  const { explains, component } = rule;
  const drafts = scopesOf(evidence, open.get(component) ?? []).map((failing) => {
    const nodes = new Set(failing.failing.map(({ node }) => node));
    const victims = take(
      open,
      (each) =>
        nodes.has(each.node) && (each.check.type === component || (explains?.(each) ?? false)),
    );
    return draft(evidence, rule, failing, victims);
  });
  if (explains !== undefined) {
    const known = new Map((open.get(component) ?? []).map((each) => [each.node, each]));
    yield* postpone(open, (each) => {
      const own = known.get(each.node);
      return own !== undefined && explains(each) && mayFollow(own, each);
    });
  }
  return drafts;
}

function draft(evidence: Evidence, rule: Rule, found: Failing, victims: Victim[]): Draft {
  const { scope, failing, of } = found;
  const cause = mainCause(failing.map(({ check }) => check));
  const text = failing.find(({ check }) => check.cause === cause)?.check.text;
  const isEverywhere = scope.in === 'cluster';
  const isOnMost = failing.length * 2 > evidence.reports.size;
  return {
    kind: rule.kind,
    severity: isOnMost || scope.in !== 'nodes' ? 'critical' : 'warning',
    subject: { type: 'component', component: rule.component, scope },
    cause,
    since: firstSince(failing),
    witnesses: { agree: failing.length, of },
    headline: `${rule.name} fails ${where(evidence, scope)}: ${failure(cause)}.`,
    details: [onHowMany(evidence, found), ...(text ? [`The error: ${text}.`] : [])],
    runbook: cause === 'mtu' ? MTU : rule.runbooks[isEverywhere ? 0 : 1],
    victims,
  };
}
