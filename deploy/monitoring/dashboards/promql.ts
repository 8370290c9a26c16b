/**
 * The probes of one cluster and one installation. Where no series has a label `cluster`, the variable is empty, and
 * `cluster=""` matches the series without it.
 */
export const PROBES = 'cluster="$cluster", job="$job"';

/** The checks of neighbours: `path_<node>`. */
export const PATHS = 'type=~"path_.+"';

/** The checks of neighbours by UDP: `udp_<node>`. */
export const UDP_PATHS = 'type=~"udp_.+"';

const ERRORS = 'kubenurse_errors_total';
const REQUESTS = 'kubenurse_httpclient_requests_total';
const DURATION = 'kubenurse_httpclient_request_duration_seconds';
const TRACE = 'kubenurse_httpclient_trace_request_duration_seconds';
const EVENT_LOOP = 'kubenurse_event_loop_delay_seconds';
const RTT = 'kubenurse_tcp_rtt_seconds';
const SUCCESS = 'kubenurse_check_success';
const CAUSES = 'kubenurse_check_failures_total';
const SENT = 'kubenurse_tcp_segments_sent_total';
const SENT_AGAIN = 'kubenurse_tcp_segments_retransmitted_total';
const UDP_SENT = 'kubenurse_udp_packets_sent_total';
const UDP_LOST = 'kubenurse_udp_packets_lost_total';
const UDP_RTT = 'kubenurse_udp_rtt_seconds';

/** The series of this metric that are of the probes chosen, and match these matchers too. */
export function of(metric: string, matchers = ''): string {
  return `${metric}{${matchers === '' ? PROBES : `${PROBES}, ${matchers}`}}`;
}

/** The sum of the increases a second of a counter, for each set of these labels (`node, type`); '' for one sum. */
export function rate(metric: string, by: string, matchers = ''): string {
  const rates = `rate(${of(metric, matchers)}[$__rate_interval])`;
  return sumBy(by, rates);
}

function sumBy(labels: string, expr: string): string {
  return labels === '' ? `sum(${expr})` : `sum by (${labels}) (${expr})`;
}

/**
 * The same without suspects: paths that are checked only because a rotating check of them failed. Those of their kind that
 * work are not checked, so they belong in no share.
 */
function fixedRate(metric: string, by: string, matchers = ''): string {
  const fixed = `rate(${of(metric, matchers)}[$__rate_interval]) unless on (node, type) ${SUSPECTS}`;
  return sumBy(by, fixed);
}

const SUSPECTS = `max_over_time(${of('kubenurse_neighbour_suspect')}[$__rate_interval])`;

/** Checks per second. */
export function checks(by: string, matchers = ''): string {
  return rate(REQUESTS, by, matchers);
}

/** Failed checks per second. */
export function failures(by: string, matchers = ''): string {
  return rate(ERRORS, by, matchers);
}

/** The same without those that are 0: there are many kinds of errors, and mostly no errors. */
export function someFailures(by: string, matchers = ''): string {
  return `${failures(by, matchers)} > 0`;
}

/** The share of checks that fail, 0 to 1; UDP checks have none, because no metric counts them. */
export function failing(by: string, matchers = ''): string {
  return `${failures(by, matchers)} / ${checks(by, matchers)}`;
}

/** For each UDP check, the share of the scraped results that are failures, 0 to 1. */
function udpResults(matchers: string): string {
  const results = `avg_over_time(${of(SUCCESS, matchers)}[$__rate_interval])`;
  return `1 - ${results} and on (node, type) ${of(UDP_SENT, matchers)}`;
}

/** The share of checks that fail, UDP checks included, 0 to 1, of each check. */
export function failingWithUdp(by: 'node, type' | 'type', matchers = ''): string {
  return `(${failing(by, matchers)} or avg by (${by}) (${udpResults(matchers)}))`;
}

/** The same of each event at which they fail; only failures. */
export function failingAtEvents(): string {
  const ofFailures = `${failures('node, type, event')} / on (node, type) group_left () ${failures('node, type')}`;
  return `${ofFailures} * on (node, type) group_left () ${failingWithUdp('node, type')} > 0`;
}

/** The share of checks that fail, 0 to 1, suspects left out; without UDP checks, as `failing()`. */
export function failingFixed(by: string, matchers = ''): string {
  return `${fixedRate(ERRORS, by, matchers)} / ${fixedRate(REQUESTS, by, matchers)}`;
}

/** The same, by the node that is checked: the label `to`. */
export function failingTo(label: string): string {
  return byTarget(failingFixed('type', PATHS), label);
}

/** What is by the `type` of a path, by the node at its end. */
function byTarget(byType: string, label: string): string {
  return `sum by (${label}) (label_replace(${byType}, "${label}", "$1", "type", "(?:path|udp)_(.+)"))`;
}

/** A series for each node that neighbours check: how often per second. */
export const CHECKED_NODES = byTarget(`${checks('type', PATHS)} > 0`, 'node');

/** A series of 1 for each node whose probe reports. */
export const REPORTING_NODES = `group by (node) (${of('kubenurse_build_info')})`;

/** What has the label `type`, by a label `check` instead, where all paths are one, `path`, and all UDP checks, `udp`. */
export function byCheck(labels: string, byType: string): string {
  return `sum by (${labels}) (${withCheck(byType)})`;
}

function withCheck(byType: string): string {
  return `label_replace(${byType}, "check", "$1$2", "type", "(path|udp)_.+|(.+)")`;
}

/** The share of checks that fail, UDP checks included, by `check` and perhaps `node, `, suspects left out. */
export function failingByCheck(node: '' | 'node, ' = ''): string {
  return `avg by (${node}check) (${withCheck(EACH_FIXED)})`;
}

/** The same of all checks. All of them run equally often, so that this is the mean of their shares. */
export function failingOfAll(): string {
  return `avg(${EACH_FIXED})`;
}

/** The share that fails of each check that ran, UDP checks included, suspects left out. */
const EACH_FIXED = `(${failingFixed('node, type')} or avg by (node, type) (${udpResults('')} unless on (node, type) ${SUSPECTS})) >= 0`;

function quantileOf(histogram: string, quantile: number, by: string, matchers: string): string {
  const labels = by === '' ? 'le' : `${by}, le`;
  return `histogram_quantile(${quantile}, ${rate(`${histogram}_bucket`, labels, matchers)})`;
}

/** A quantile of how long the response took, in seconds. */
export function latency(quantile: number, by: string, matchers = ''): string {
  return quantileOf(DURATION, quantile, by, matchers);
}

/** The same, by `check`. */
export function latencyByCheck(quantile: number): string {
  const buckets = rate(`${DURATION}_bucket`, 'type, le');
  return `histogram_quantile(${quantile}, ${byCheck('check, le', buckets)})`;
}

/** A quantile of the round-trip time of the TCP handshake, in seconds, from the kernel. */
export function roundTrip(quantile: number, by: string, matchers: string): string {
  return quantileOf(RTT, quantile, by, matchers);
}

/** Failed checks per second by cause, without those that are 0. */
export function someCauses(matchers = ''): string {
  return `${rate(CAUSES, 'cause', matchers)} > 0`;
}

/** The share of TCP segments that were sent again, 0 to 1. */
export function sentAgain(by: string, matchers: string): string {
  return `${rate(SENT_AGAIN, by, matchers)} / ${rate(SENT, by, matchers)}`;
}

/** The same of all paths from a node, suspects left out: the label `node`. */
export function sentAgainFrom(): string {
  return `${fixedRate(SENT_AGAIN, 'node', PATHS)} / ${fixedRate(SENT, 'node', PATHS)}`;
}

/** The same, by the node that they were sent to: the label `to`. */
export function sentAgainTo(): string {
  const to = (metric: string) => byTarget(fixedRate(metric, 'type', PATHS), 'to');
  return `${to(SENT_AGAIN)} / ${to(SENT)}`;
}

/** The share of UDP packets that were lost in this direction, or in any, 0 to 1. */
export function udpLost(by: string, matchers: string): string {
  return `${rate(UDP_LOST, by, matchers)} / ${rate(UDP_SENT, by, matchers)}`;
}

/** The same by direction: of the packets that were sent to targets. */
export function udpLostByDirection(matchers: string): string {
  return `${rate(UDP_LOST, 'direction', matchers)} / on () group_left () ${rate(UDP_SENT, '', matchers)}`;
}

/**
 * The share of UDP packets between nodes that were lost from a node, or to it: packets of its own checks, and of those of its
 * neighbours, which are in opposite directions.
 */
export function udpLostAtNode(which: 'from' | 'to'): string {
  const [own, others] = which === 'from' ? ['forward', 'backward'] : ['backward', 'forward'];
  const at = (metric: string, ofOwn: string, ofOthers: string) =>
    `(${rate(metric, 'node', ofOwn)} + ${byTarget(rate(metric, 'type', ofOthers), 'node')})`;
  const lost = (direction: string) => `${UDP_PATHS}, direction="${direction}"`;
  return `${at(UDP_LOST, lost(own), lost(others))} / ${at(UDP_SENT, UDP_PATHS, UDP_PATHS)}`;
}

/** A quantile of the round-trip time of UDP packets, in seconds. */
export function udpRoundTrip(quantile: number, by: string, matchers: string): string {
  return quantileOf(UDP_RTT, quantile, by, matchers);
}

/** A quantile of the seconds from the request's start to its events. */
export function reached(quantile: number, by: string, matchers: string): string {
  return quantileOf(TRACE, quantile, by, matchers);
}

/**
 * Seconds of a mean request between two events. Means can be subtracted from each other, quantiles can not. Requests
 * without this phase count as 0; checks that open no connection (DNS, UDP) do not count.
 */
export function phase(from: string, to: string, by: string, matchers: string): string {
  const connected = `rate(${of(`${TRACE}_count`, `${matchers}, event="got_conn"`)}[$__rate_interval])`;
  const sum = (event: string) => {
    const seconds = `rate(${of(`${TRACE}_sum`, `${matchers}, event="${event}"`)}[$__rate_interval])`;
    return sumBy(by, `${seconds} and ignoring (event) ${connected}`);
  };
  return `(${sum(to)} - ${sum(from)}) / ${sumBy(by, connected)}`;
}

/** Event-loop lag of the probes, in seconds: a quantile for each node. */
export function eventLoopDelay(quantile: number, matchers = ''): string {
  return `histogram_quantile(${quantile}, ${rate(`${EVENT_LOOP}_bucket`, 'node, le', matchers)})`;
}
