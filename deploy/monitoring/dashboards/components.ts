import { CERTIFICATES } from './certificates.ts';
import type { Dashboard, Panel } from './grafana.ts';
import { fieldOfLine, pathLink } from './links.ts';
import { NONE_STEPS, row, SHARE_STEPS, stat, stateTimeline, timeSeries } from './panels.ts';
import { checks, failing, failures, latency, phase, reached, someFailures } from './promql.ts';
import { table } from './tables.ts';
import { COMMON } from './variables.ts';

const API_SERVER = 'type=~"api_server_.+"';
const INGRESS = 'type="me_ingress"';
const SERVICE = 'type="me_service"';
/** The checks that look up a name; extra checks among them. */
const NAMED = 'type!~"path_.+|udp_.+|dns_.+|rotating|api_server_direct"';
const NAME_SERVERS = 'type=~"dns_.+"';
const LOOK_UP = `${NAMED}, event="dns_done"`;

/** On how many nodes: the first question of an investigation. */
function nodesFailing(what: string, share: string): Panel {
  return stat({
    title: `Nodes where ${what}`,
    description: `Now. All nodes: ${what.replace(/ fails?$/, '')} itself is at fault. A few: those nodes, or the network between. None: healthy.`,
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
    title: 'Failed checks per second',
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
    description: `The ten nodes from which ${what} is slowest. All alike: the component itself is slow. One far above the others: that node, or the path from it. Click to open the node.`,
    queries: [{ expr: `sort_desc(topk(10, ${expr}))` }],
    width: 8,
    height: 7,
    unit: 's',
    labels: { node: { title: 'Node', link: pathLink({ node: fieldOfLine('node') }) } },
    values: [{ title: 'p95', unit: 's' }],
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
    'api_server_direct uses its address, api_server_dns its name. Both red: the API server, or the path to it. Only the second: DNS; see below.',
    failing('type', API_SERVER),
  ),
  events(
    'connect_done: it is down, or the load balancer in front of it. tls_handshake_done: its certificate. round_trip_error: it hangs. status_code_401 or 403: the token of the probe; 429: it is overloaded; 5xx: it reports an error of its own.',
    someFailures('type, event', API_SERVER),
    '{{type}} {{event}}',
  ),
  timeSeries({
    title: 'Latency (p95)',
    description:
      'By address and by name. The difference is the name look-up. The request is for /version, which costs the API server next to nothing: what is slow here is slow for all clients.',
    queries: [{ expr: latency(0.95, 'type', API_SERVER), legend: '{{type}}' }],
    width: 8,
    height: 7,
    unit: 's',
  }),
  timeSeries({
    title: 'Checks per second, by status',
    description: '200: healthy. round_trip_error: no response.',
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
    "By the check that looks up the name. All: the name server. Only me_ingress: names outside the cluster, that is, the servers to which the cluster's DNS forwards.",
    `${failures('type', LOOK_UP)} / ${checks('type', NAMED)}`,
  ),
  events(
    'Failed look-ups: no such name, refused, or no response within 5 s. The log of a probe has the error.',
    someFailures('type', LOOK_UP),
    '{{type}}',
  ),
  timeSeries({
    title: 'Time of a look-up (mean)',
    description:
      'By the check that looks up the name. A few milliseconds more everywhere: the name server is short of CPU. Steps of seconds: packets are lost and retransmitted. Names that are not fully qualified need several look-ups (ndots).',
    queries: [{ expr: phase('dns_start', 'dns_done', 'type', NAMED), legend: '{{type}}' }],
    width: 8,
    height: 7,
    unit: 's',
  }),
  timeSeries({
    title: 'Time of a look-up (p95)',
    description:
      "Seconds from the request's start until its name was known: the look-up is the first step of a request.",
    queries: [{ expr: reached(0.95, 'type', LOOK_UP), legend: '{{type}}' }],
    width: 8,
    height: 7,
    unit: 's',
  }),
  slowest('a look-up', reached(0.95, 'node', LOOK_UP)),
];

const NAME_SERVER_PANELS: readonly Panel[] = [
  nodesFailing('a name server fails', failing('node', NAME_SERVERS)),
  share(
    'Name servers: share of queries that fail',
    'With KUBENURSE_CHECK_DNS: each name server of the pods, over UDP (dns_<address>) and TCP (dns_tcp_<address>). One red, and look-ups above succeed but take seconds: pods query it first, and wait for it.',
    failing('type', NAME_SERVERS),
  ),
  events(
    'dns_timeout: no response. dns_unreachable: nothing listens, or no route. dns_nxdomain: the server does not know the names of the cluster. dns_servfail: it runs, but cannot reach what it gets them from.',
    someFailures('type, event', NAME_SERVERS),
    '{{type}} {{event}}',
  ),
  timeSeries({
    title: 'Name servers: response time (p95)',
    description:
      'With KUBENURSE_CHECK_DNS. Above a second: the first packet, or its response, was lost. TCP takes one round trip more than UDP.',
    queries: [{ expr: latency(0.95, 'type', NAME_SERVERS), legend: '{{type}}' }],
    width: 24,
    height: 7,
    unit: 's',
  }),
];

const INGRESS_PANELS: readonly Panel[] = [
  nodesFailing('the ingress fails', failing('node', INGRESS)),
  share(
    'Share of checks that fail',
    'The path out of the cluster and back: DNS, load balancer, ingress controller, a kubenurse pod. If the Service below is healthy, it is one of the first three.',
    failing('type', INGRESS),
  ),
  events(
    "dns_done: the ingress's name. connect_done: the load balancer or the controller is down. tls_handshake_done: the certificate is for another name or has expired. status_code_404: the rule is missing; 502 to 504: the controller does not reach the kubenurse pods.",
    someFailures('event', INGRESS),
  ),
  quantiles(
    'Latency',
    'Over all nodes. Compare with the Service: the difference is the ingress.',
    INGRESS,
  ),
  phases(
    TLS_PHASES,
    'TLS high: the controller is short of CPU. Waiting high while the Service is fast: requests queue in the controller.',
    INGRESS,
  ),
  slowest('the ingress', latency(0.95, 'node', INGRESS)),
];

const SERVICE_PANELS: readonly Panel[] = [
  nodesFailing('the service fails', failing('node', SERVICE)),
  share(
    'Share of checks that fail',
    'The Service of kubenurse: kube-proxy (or its replacement), and a kubenurse pod on any node. A small share on all nodes: a pod behind it does not respond, and is still among the endpoints.',
    failing('type', SERVICE),
  ),
  events(
    'dns_done: DNS. connect_done on one node: kube-proxy there; on all: no endpoint, or a stale one. round_trip_error: a pod that hangs.',
    someFailures('event', SERVICE),
  ),
  quantiles(
    'Latency',
    'Over all nodes. A pod on any node responds: about as long as on the paths.',
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
  description: 'Each component that the probes check, as seen from all nodes.',
  variables: COMMON,
  panels: [
    row('API server'),
    ...API_SERVER_PANELS,
    row('DNS'),
    ...DNS_PANELS,
    ...NAME_SERVER_PANELS,
    row('Ingress'),
    ...INGRESS_PANELS,
    row('Service'),
    ...SERVICE_PANELS,
    row('Certificates'),
    ...CERTIFICATES,
  ],
};
