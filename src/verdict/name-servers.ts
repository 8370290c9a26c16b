import { type Draft, firstSince, mainCause } from './draft.ts';
import { CONFIRMED, type Evidence, type Observation } from './evidence.ts';
import { type OpenComponents, take } from './open-components.ts';
import { type Failing, onHowMany, scopesOf, where } from './scope.ts';
import { mapSteps, type Steps } from './steps.ts';
import { outOf, whole } from './words.ts';

const OVER_TCP = 'dns_tcp_';
const OVER_UDP = 'dns_';

/** What a failing name server does, by error event. */
const FAILURES: Readonly<Record<string, string>> = {
  dns_timeout: 'it does not respond',
  dns_unreachable: 'it cannot be reached',
  dns_servfail: 'it responds that it has failed (SERVFAIL)',
  dns_refused: 'it refuses the query (REFUSED)',
  dns_nxdomain: "it does not know the API server's name (NXDOMAIN)",
  dns_nodata: "it has no address for the API server's name",
};

/** `the name server 10.96.0.10`, by the type of its check; undefined for any other type. */
export function nameServer(type: string): string | undefined {
  if (type.startsWith(OVER_TCP)) return `the name server ${type.slice(OVER_TCP.length)} over TCP`;
  return type.startsWith(OVER_UDP) ? `the name server ${type.slice(OVER_UDP.length)}` : undefined;
}

/** The check types of name servers. */
export function nameServerTypes(open: OpenComponents): string[] {
  return [...open].filter(([, all]) => all.some(isOfNameServer)).map(([type]) => type);
}

/** Failing name servers that no finding about DNS explains: others resolve the names. */
export function* findNameServers(evidence: Evidence, open: OpenComponents): Steps<Draft[]> {
  // Each over UDP first: a failure there explains one over TCP.
  const drafts = yield* mapSteps(nameServerTypes(open), (type) =>
    scopesOf(evidence, open.get(type) ?? []).map((failing) => draft(evidence, open, type, failing)),
  );
  return drafts.flat();
}

/** Which name servers of these nodes fail, for a finding about DNS. */
export function stateOfNameServers(open: OpenComponents, nodes: ReadonlySet<string>): string[] {
  const servers = serversOf(open, nodes).map(([type, all]) => {
    const failing = all.filter(({ up }) => up === false).length;
    if (failing === 0) return `${addressOf(type)} responds`;
    return failing === all.length
      ? `${addressOf(type)} fails`
      : `${addressOf(type)} fails on ${outOf(failing, all.length, 'node')}`;
  });
  return servers.length === 0 ? [] : [`Name servers: ${servers.join(', ')}.`];
}

/**
 * Drops the latency of checks by name on nodes where a name server fails: they are slow because
 * each look-up that queries it waits for it.
 */
export function* withoutSlowLookUps(evidence: Evidence): Steps<Evidence> {
  const isFailing = (each: Observation) =>
    isOfNameServer(each) && (each.up === false || each.check.lastMinute.failures >= CONFIRMED);
  const lists = yield* mapSteps(evidence.components.values(), (all) => all.filter(isFailing));
  const failing = lists.flat();
  if (failing.length === 0) return evidence;
  const nodes = new Set(failing.map(({ node }) => node));
  const isSlowLookUp = ({ node, check }: Observation) => check.byName && nodes.has(node);
  const components = yield* mapSteps(
    evidence.components,
    ([type, own]): [string, Observation[]] => [
      type,
      // The checks stay in the list: else what is slow on other nodes would be slow everywhere.
      own.map((each) => (isSlowLookUp(each) ? withoutLatency(each) : each)),
    ],
  );
  return { ...evidence, components: new Map(components) };
}

function withoutLatency(observation: Observation): Observation {
  const { check } = observation;
  const lastMinute = { ...check.lastMinute, medianSeconds: null };
  return { ...observation, check: { ...check, lastMinute } };
}

function isOfNameServer({ check }: Observation): boolean {
  return check.kind === 'name_server';
}

function isOverTcp(type: string): boolean {
  return type.startsWith(OVER_TCP);
}

function addressOf(type: string): string {
  return type.slice((isOverTcp(type) ? OVER_TCP : OVER_UDP).length);
}

/** The name server checks of these nodes over UDP. */
function serversOf(open: OpenComponents, nodes: ReadonlySet<string>): [string, Observation[]][] {
  return [...open].flatMap(([type, all]): [string, Observation[]][] => {
    const own = all.filter((each) => isOfNameServer(each) && nodes.has(each.node));
    return own.length === 0 || isOverTcp(type) ? [] : [[type, own]];
  });
}

function draft(evidence: Evidence, open: OpenComponents, type: string, found: Failing): Draft {
  const { scope, failing, of } = found;
  const nodes = new Set(failing.map(({ node }) => node));
  const servers = serversOf(open, nodes).length;
  const isTcp = isOverTcp(type);
  const own = new Set([type, `${OVER_TCP}${addressOf(type)}`]);
  const victims = take(open, (each) => nodes.has(each.node) && own.has(each.check.type));
  const [first] = failing;
  const { event, text } = first?.check ?? { event: null, text: null };
  const which =
    servers > 1
      ? `One of ${servers} name servers, ${addressOf(type)},`
      : `The name server ${addressOf(type)}`;
  return {
    kind: 'name_server',
    severity: 'warning',
    subject: { type: 'component', component: type, scope },
    cause: mainCause(failing.map(({ check }) => check)),
    since: firstSince(failing),
    witnesses: { agree: failing.length, of },
    headline: `${which} fails${isTcp ? ' over TCP' : ''} ${where(evidence, scope)}: ${FAILURES[event ?? ''] ?? 'its responses are not valid'}.`,
    details: [
      onHowMany(evidence, found),
      ...(text ? [`The error: ${text}.`] : []),
      isTcp
        ? 'It responds over UDP: only responses too long for UDP, and clients that use TCP only, are affected.'
        : resolution(evidence, nodes),
    ],
    runbook: 'KubenurseNameServerFailing.md',
    victims,
  };
}

/** Whether the nodes still resolve names. */
function resolution({ components }: Evidence, nodes: ReadonlySet<string>): string {
  const named = [...components.values()]
    .flat()
    .filter(({ node, check }) => check.byName && nodes.has(node));
  const resolving = new Set(named.filter(({ up }) => up).map(({ node }) => node)).size;
  if (resolving === 0) return 'Whether names are still resolved there is not known.';
  return `${resolving === nodes.size ? 'Names are still resolved there' : `Names are still resolved on ${whole(resolving)} of them`}, but look-ups that query this server first take longer.`;
}
