import { STATUS_PERIOD_MS } from './large-cluster.ts';
import type { Load, Requests, Share } from './load.ts';
import type { Measured } from './measure.ts';

const HOUR_SECONDS = 3_600;
/** Duration of a watch: kubenurse requests between five and ten minutes, `watch-all.ts` this. */
const WATCH_SECONDS = 450;
const WATCHES = 2;
/** In each interval kubenurse checks the API server directly and by name. */
const CHECKS_AN_HOUR = (2 * HOUR_SECONDS) / 5;

/** A row of the table: its label, and how to derive its cells from a Load. */
type Row = readonly [what: string, of: (load: Load) => string];

const ROWS: readonly Row[] = [
  ['requests at the start', ({ start }) => listed(start.requests)],
  ['listed at the start: pods', ({ start }) => inBytes(start.listBytes.pods)],
  ['listed at the start: nodes', ({ start }) => inBytes(start.listBytes.nodes)],
  ['a status update of a node', ({ statusUpdates }) => inBytes(nodeBytes(statusUpdates))],
  ['… per hour, computed', (load) => inBytes(statusBytesAnHour(load))],
  ['… with a probe on each node', (load) => inBytes(load.nodes * statusBytesAnHour(load))],
  ['a cordon and uncordon', ({ cordons }) => inBytes(nodeBytes(cordons))],
  ['a replaced kubenurse pod', ({ replacements }) => inBytes(podBytes(replacements))],
  [
    '… all pods, with a probe on each node',
    ({ nodes, replacements }) => inBytes(nodes * nodes * podBytes(replacements)),
  ],
  ['requests after the start', ({ later }) => listed(later.requests) || 'none'],
  [
    '… per hour, computed',
    ({ client }) =>
      [
        `${(WATCHES * HOUR_SECONDS) / WATCH_SECONDS} watch`,
        ...(client === 'kubenurse' ? [`${CHECKS_AN_HOUR} /version`] : []),
      ].join(', '),
  ],
];

/** In Markdown. */
export function loadTable({ loads, check }: Measured): string {
  const bytes = loads.find(({ checkWireBytes }) => checkWireBytes !== undefined)?.checkWireBytes;
  const lines = [
    ['', ...loads.map(({ nodes, client }) => `${nodes} nodes: ${client}`)],
    ['---', ...loads.map(() => '---:')],
    ...ROWS.map(([what, of]) => [what, ...loads.map(of)]),
  ];
  return [
    ...lines.map((cells) => `| ${cells.join(' | ')} |`),
    '',
    `A check of the API server takes ${inBytes(bytes ?? 0)} on the network and ${((1_000 * check.cpu) / check.times).toFixed(1)} ms of CPU time of the API server.`,
  ].join('\n');
}

/** Bytes each time. Less than a byte comes from bookmarks, of which there is about one a minute. */
function nodeBytes({ bytes, times }: Share): number {
  return Math.floor(bytes.nodes / times);
}

function podBytes({ bytes, times }: Share): number {
  return Math.floor(bytes.pods / times);
}

function statusBytesAnHour({ nodes, statusUpdates }: Load): number {
  return (nodes * nodeBytes(statusUpdates) * HOUR_SECONDS * 1_000) / STATUS_PERIOD_MS;
}

/** Each verb with its count; for requests other than lists and watches, the path instead. */
export function listed(requests: readonly Requests[]): string {
  const verbs = Map.groupBy(requests, ({ verb, resource }) => (verb === 'get' ? resource : verb));
  return [...verbs]
    .map(([verb, alike]) => `${alike.reduce((sum, { count }) => sum + count, 0)} ${verb}`)
    .toSorted((one, other) => (one.replace(/\d/g, '') < other.replace(/\d/g, '') ? -1 : 1))
    .join(', ');
}

/** With at least two digits, in powers of 1,000. */
export function inBytes(bytes: number): string {
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1);
  const value = bytes / 1_000 ** power;
  return `${value < 10 && power > 0 ? value.toFixed(1) : value.toFixed(0)} ${units[power]}`;
}
