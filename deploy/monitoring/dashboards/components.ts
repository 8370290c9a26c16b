import type { Dashboard, Panel } from './grafana.ts';
import { fieldOfLine, pathLink } from './links.ts';
import { NONE_STEPS, row, SHARE_STEPS, stat, stateTimeline, timeSeries } from './panels.ts';
import { checks, failing, failures, latency, phase, reached, someFailures } from './promql.ts';
import { table } from './tables.ts';
import { COMMON } from './variables.ts';

const API_SERVER = 'type=~"api_server_.+"';
const INGRESS = 'type="me_ingress"';
const SERVICE = 'type="me_service"';
/** The checks that look up a name; those of the user's own are among them. */
const NAMED = 'type!~"path_.+|api_server_direct"';
const LOOK_UP = `${NAMED}, event="dns_done"`;

/** On how many nodes: the first question to ask. */
function nodesFailing(what: string, share: string): Panel {
  return stat({
    title: `Nodes where ${what}`,
    description: `Now. All nodes: ${what.replace(/ fails?$/, '')} itself is at fault. A few: those nodes, or what lies between. None: well.`,
    queries: [{ expr: `sum(${share} > bool 0)` }],
    width: 4,
    height: 6,
    unit: 'short',
    steps: NONE_STEPS,
  });
}

function share(title: string, description: string, expr: string): Panel {
  return stateTimeline({
    title,
    description,
    queries: [{ expr, legend: '{{type}}' }],
    width: 10,
    height: 6,
    unit: 'percentunit',
    steps: SHARE_STEPS,
  });
}

function events(description: string, expr: string, legend = '{{event}}'): Panel {
  return timeSeries({
    title: 'Failed checks a second',
    description: `${description} Empty: none.`,
    queries: [{ expr, legend }],
    width: 10,
    height: 6,
    unit: 'cps',
  });
}

function quantiles(title: string, description: string, matchers: string, legend = ''): Panel {
  return timeSeries({
    title,
    description,
    queries: ([0.5, 0.95, 0.99] as const).map((quantile) => ({
      expr: latency(quantile, 'type', matchers),
      legend: `${legend}p${quantile * 100}`,
    })),
    width: 8,
    height: 7,
    unit: 's',
  });
}

function slowest(what: string, expr: string): Panel {
  return table({
    title: `Slowest nodes now (p95)`,
    description: `The ten nodes from which ${what} is slowest. All alike: it is slow itself. One far above the others: its node, or the way from there. A click opens the node.`,
    queries: [{ expr: `sort_desc(topk(10, ${expr}))` }],
    width: 8,
    height: 7,
    unit: 's',
    labels: { node: { title: 'Node', link: pathLink({ node: fieldOfLine('node') }) } },
    values: [{ title: 'Seconds', unit: 's' }],
  });
}

type Phase = readonly [legend: string, from: string, to: string];

const LOOK_UP_PHASE: Phase = ['name look-up', 'dns_start', 'dns_done'];
const REQUEST_PHASES: readonly Phase[] = [
  ['request', 'got_conn', 'wrote_request'],
  ['waiting', 'wrote_request', 'got_first_resp_byte'],
];
const TLS_PHASES: readonly Phase[] = [
  LOOK_UP_PHASE,
  ['connection', 'connect_start', 'connect_done'],
  ['TLS handshake', 'tls_handshake_start', 'tls_handshake_done'],
  ...REQUEST_PHASES,
];
/** With or without TLS: until the connection can be used. */
const ANY_PHASES: readonly Phase[] = [
  LOOK_UP_PHASE,
  ['connection', 'connect_start', 'got_conn'],
  ...REQUEST_PHASES,
];

function phases(list: readonly Phase[], description: string, matchers: string): Panel {
  return timeSeries({
    title: 'Where the time goes (mean)',
    description,
    queries: list.map(([legend, from, to]) => ({ expr: phase(from, to, '', matchers), legend })),
    width: 8,
    height: 7,
    unit: 's',
    stacked: true,
  });
}

const API_SERVER_PANELS: readonly Panel[] = [
  nodesFailing('the API server fails', failing('node', API_SERVER)),
  share(
    'Share of checks that fail',
    'api_server_direct asks its address, api_server_dns its name. Both red: the API server, or the way to it. Only the second: DNS; see below.',
    failing('type', API_SERVER),
  ),
  events(
    'connect_done: it is down, or the load balancer before it. tls_handshake_done: its certificate. round_trip_error: it hangs. status_code_401 or 403: our token; 429: it is overloaded; 5xx: it says itself that it is ill.',
    someFailures('type, event', API_SERVER),
    '{{type}} {{event}}',
  ),
  timeSeries({
    title: 'Latency (p95)',
    description:
      'By address and by name. The difference is the name look-up. It asks /version, which takes the API server no work: what is slow here is slow for all.',
    queries: [{ expr: latency(0.95, 'type', API_SERVER), legend: '{{type}}' }],
    width: 8,
    height: 7,
    unit: 's',
  }),
  timeSeries({
    title: 'Checks a second, by status',
    description: '200 is well; round_trip_error is no answer at all.',
    queries: [{ expr: checks('code', API_SERVER), legend: '{{code}}' }],
    width: 8,
    height: 7,
    unit: 'cps',
  }),
  slowest('the API server', latency(0.95, 'node', API_SERVER)),
];

const DNS_PANELS: readonly Panel[] = [
  nodesFailing('name look-ups fail', `${failures('node', LOOK_UP)} / ${checks('node', NAMED)}`),
  share(
    'Share of checks that fail in the name look-up',
    "By the check whose name it is. All: the name server. Only me_ingress: names outside of the cluster, that is, what the cluster's DNS forwards to.",
    `${failures('type', LOOK_UP)} / ${checks('type', NAMED)}`,
  ),
  events(
    'Look-ups that failed: no such name, refused, or no answer within 5 s. The log of a probe has the text.',
    someFailures('type', LOOK_UP),
    '{{type}}',
  ),
  timeSeries({
    title: 'Time of a look-up (mean)',
    description:
      'By the check whose name it is. Some milliseconds more everywhere: the name server is short of CPU. Steps of seconds: packets get lost and are sent again. Names that are not fully qualified take several look-ups (ndots).',
    queries: [{ expr: phase('dns_start', 'dns_done', 'type', NAMED), legend: '{{type}}' }],
    width: 8,
    height: 7,
    unit: 's',
  }),
  timeSeries({
    title: 'Time of a look-up (p95)',
    description:
      "Seconds from the request's start until its name was known: the look-up is the first thing a request does.",
    queries: [{ expr: reached(0.95, 'type', LOOK_UP), legend: '{{type}}' }],
    width: 8,
    height: 7,
    unit: 's',
  }),
  slowest('a look-up', reached(0.95, 'node', LOOK_UP)),
];

const INGRESS_PANELS: readonly Panel[] = [
  nodesFailing('the ingress fails', failing('node', INGRESS)),
  share(
    'Share of checks that fail',
    'The way out and in again: DNS, load balancer, ingress controller, one of our pods. When the service below is well, it is one of the first three.',
    failing('type', INGRESS),
  ),
  events(
    "dns_done: the ingress's name. connect_done: the load balancer or the controller is down. tls_handshake_done: the certificate does not fit or has expired. status_code_404: the rule is missing; 502 to 504: the controller does not reach our pods.",
    someFailures('event', INGRESS),
  ),
  quantiles(
    'Latency',
    'Of all nodes. Compare with the service: the difference is the ingress.',
    INGRESS,
  ),
  phases(
    TLS_PHASES,
    'TLS high: the controller is short of CPU. Waiting high, while the service is fast: the controller queues.',
    INGRESS,
  ),
  slowest('the ingress', latency(0.95, 'node', INGRESS)),
];

const SERVICE_PANELS: readonly Panel[] = [
  nodesFailing('the service fails', failing('node', SERVICE)),
  share(
    'Share of checks that fail',
    'Our own service: kube-proxy (or what does its work), and one of our pods anywhere. A small share on all nodes: one of the pods behind it does not answer, and is still among the endpoints.',
    failing('type', SERVICE),
  ),
  events(
    'dns_done: DNS. connect_done on one node: kube-proxy there; on all: no endpoint, or one that is gone. round_trip_error: a pod that hangs.',
    someFailures('event', SERVICE),
  ),
  quantiles(
    'Latency',
    'Of all nodes. It asks a pod on any node: about that of the paths.',
    SERVICE,
  ),
  phases(
    ANY_PHASES,
    'Connection high: the network, or connection tracking. Name look-up high: DNS, above.',
    SERVICE,
  ),
  slowest('the service', latency(0.95, 'node', SERVICE)),
];

export const COMPONENTS: Dashboard = {
  uid: 'kubenurse-components',
  title: 'kubenurse / API server, DNS, ingress, service',
  description: 'Each component that the probes ask, as all nodes see it.',
  variables: COMMON,
  panels: [
    row('API server'),
    ...API_SERVER_PANELS,
    row('DNS'),
    ...DNS_PANELS,
    row('Ingress'),
    ...INGRESS_PANELS,
    row('Service'),
    ...SERVICE_PANELS,
  ],
};
