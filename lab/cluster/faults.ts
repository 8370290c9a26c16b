import type { ControlPlaneFault } from '../parts/control-plane.ts';
import type { DnsFault, IngressFault, NetworkSplit, ProxyFault } from '../parts/faults.ts';
import type { Parts } from '../parts/parts.ts';
import type { NodeFault } from './node.ts';

type FaultOf = {
  node: NodeFault;
  dns: DnsFault;
  ingress: IngressFault;
  service: ProxyFault;
  'api-server': ControlPlaneFault;
  network: NetworkSplit;
};

type Kind = keyof FaultOf;

/**
 * What to break, and how: `part` and `name` are as written, such as `node-3` and `down`. Without a
 * `fault`, the part is to be healed.
 */
export type Fault = {
  [K in Kind]: Readonly<{ part: string; name: string; kind: K; fault: FaultOf[K] | undefined }>;
}[Kind];

/** The text does not name a fault; the message lists what is possible. */
export class FaultMistake extends Error {
  override name = 'FaultMistake';
}

/**
 * One way to break a part: its syntax, its effect, its parser, and whether it requires the real
 * parts.
 */
type Way<F> = Readonly<{
  syntax: string;
  does: string;
  read: (text: string) => F | undefined;
  real?: true;
}>;

const word = <F>(name: string, does: string, fault: F): Way<F> => ({
  syntax: name,
  does,
  read: (text) => (text === name ? fault : undefined),
});

const down = word<ProxyFault>('down', 'it refuses connections', { kind: 'down' });
const hang = word<ProxyFault>('hang', 'it accepts connections and never responds', {
  kind: 'hang',
});
const reset = word<ProxyFault>('reset', 'it resets every connection', { kind: 'reset' });
const slow: Way<{ kind: 'slow'; milliseconds: number }> = {
  syntax: 'slow=<duration>',
  does: 'it delays every response: slow=50ms, slow=1.5s',
  read: (text) => {
    const [, number, unit] = /^slow=(\d+(?:\.\d+)?)(ms|s)$/.exec(text) ?? [];
    if (number === undefined) return undefined;
    return { kind: 'slow', milliseconds: Number(number) * (unit === 's' ? 1000 : 1) };
  },
};

const real = <F>(name: string, does: string, fault: F): Way<F> => ({
  ...word(name, does, fault),
  real: true,
});

const split = (kind: NetworkSplit['kind'], does: string): Way<NetworkSplit> => ({
  syntax: `${kind}=N`,
  does,
  read: (text) => {
    const [, name, first] = /^([a-z-]+)=([1-9]\d?)$/.exec(text) ?? [];
    return name === kind ? { kind, first: Number(first) } : undefined;
  },
  real: true,
});

const percentage = <K extends 'loss' | 'udp-reply-loss'>(
  kind: K,
  does: string,
): Way<{ kind: K; percent: number }> => ({
  syntax: `${kind}=<percent>`,
  does,
  read: (text) => {
    const [, name, percent] = /^([a-z-]+)=(\d{1,2})$/.exec(text) ?? [];
    return name === kind ? { kind, percent: Number(percent) } : undefined;
  },
  real: true,
});

const everyRequest = 'every response has this status';

const ways: { [K in Kind]: readonly Way<FaultOf[K]>[] } = {
  node: [
    down,
    hang,
    reset,
    slow,
    word('suspended', 'its program is stopped (SIGSTOP)', { kind: 'suspended' }),
    word('cordoned', 'its Node is unschedulable', { kind: 'cordoned' }),
    word('terminating', 'its Pod is being deleted, but still responds', { kind: 'terminating' }),
    word('deleted', 'its Pod and Node are deleted', { kind: 'deleted' }),
    real('deaf', 'it drops inbound connections', { kind: 'deaf' }),
    real('mute', 'it drops outbound connections', { kind: 'mute' }),
    real('isolated', 'it drops all packets', { kind: 'isolated' }),
    real('mtu-black-hole', 'packets over 1,000 bytes are lost', { kind: 'mtu-black-hole' }),
    real('reordering', 'packets arrive late and out of order', { kind: 'reordering' }),
    percentage('loss', 'this percentage of packets is lost: loss=20'),
    real('udp-drop', 'it drops inbound UDP packets of checks', { kind: 'udp-drop' }),
    percentage('udp-reply-loss', 'this percentage of its UDP replies is lost'),
  ],
  dns: [
    word('silent', 'it drops every query', 'silent'),
    word('servfail', 'every query fails with SERVFAIL', 'servfail'),
    word('nxdomain', 'no name exists', 'nxdomain'),
  ],
  ingress: [
    down,
    hang,
    reset,
    slow,
    {
      syntax: '<status>',
      does: `${everyRequest}, 400 to 599`,
      read: (text) =>
        /^[45]\d\d$/.test(text) ? { kind: 'status', code: Number(text) } : undefined,
    },
    word('wrong-certificate', 'it presents a certificate for another host', {
      kind: 'wrong-certificate',
    }),
  ],
  service: [down, hang, reset, slow],
  'api-server': [
    word('down', 'it refuses connections', { kind: 'down' }),
    word('hang', 'it accepts connections and never responds', { kind: 'hang' }),
    slow,
    ...[401, 403, 429, 500, 503].map((code) =>
      word<ControlPlaneFault>(`${code}`, everyRequest, {
        kind: 'status',
        code,
      }),
    ),
  ],
  network: [
    split('split', 'separates the first N nodes from the rest'),
    split('one-way-split', 'the first N nodes cannot reach the rest'),
  ],
};

const NEEDS_REAL = 'requires the real network: npm run demo -- --real';

/**
 * Parses `<part>:<fault>`, such as `node-3:down` or `service:slow=300ms`. Throws a FaultMistake.
 * `nodes`: the names of the nodes. `parts`: what they are made of.
 */
export function parseFault(text: string, nodes: readonly string[], parts: Parts['kind']): Fault {
  const [part = '', name = ''] = text.trim().split(/:(.*)/s);
  const kind = kindOf(part, nodes, parts);
  for (const way of ways[kind]) {
    const fault = way.read(name);
    if (fault === undefined) continue;
    if (way.real && parts !== 'real') throw new FaultMistake(`"${text.trim()}" ${NEEDS_REAL}`);
    return { part, name, kind, fault } as Fault;
  }
  const possible = possibleWays(kind, parts).map(({ syntax }) => `${part}:${syntax}`);
  if (possible.length === 0) throw new FaultMistake(`"${text.trim()}" ${NEEDS_REAL}`);
  const wrong = name === '' ? `"${part}" requires a fault` : `unknown fault "${text.trim()}"`;
  throw new FaultMistake(`${wrong}; expected ${possible.join(', ')}`);
}

/** Parses the name of a part to be healed. Throws a FaultMistake that lists the parts. */
export function parsePart(text: string, nodes: readonly string[], parts: Parts['kind']): Fault {
  const part = text.trim();
  return { part, name: 'healed', kind: kindOf(part, nodes, parts), fault: undefined } as Fault;
}

/**
 * The faults that a cluster of these parts can have: a line for each part, then one for each
 * meaning. At most 80 columns.
 */
export function faultHelp(parts: Parts['kind']): string[] {
  const kinds = kindsOf(parts).flatMap((kind) => {
    const part = `${kind === 'node' ? 'node-N' : kind}:`.padEnd(13);
    const syntaxes = possibleWays(kind, parts).map(({ syntax }) => syntax);
    return lines(syntaxes).map((line, index) => `  ${index === 0 ? part : ' '.repeat(13)}${line}`);
  });
  const possible = kindsOf(parts).flatMap((kind) => [...possibleWays(kind, parts)]);
  const meanings = Map.groupBy<string, Way<unknown>>(possible, ({ does }) => does);
  return [
    ...kinds,
    '',
    ...[...meanings].map(([does, same]) => {
      const written = [...new Set(same.map(({ syntax }) => syntax))].join(', ');
      return `  ${written.padEnd(WIDEST_SYNTAX)}  ${does}`;
    }),
  ];
}

/** `401, 403, 429, 500, 503`. */
const WIDEST_SYNTAX = 23;
/** The columns beside the part's name, of 80. */
const LINE_LENGTH = 65;

/** Joins words by commas, in lines of at most LINE_LENGTH characters. */
function lines(words: readonly string[]): string[] {
  const joined: string[] = [];
  for (const each of words) {
    const last = joined.at(-1);
    if (last !== undefined && last.length + each.length + 2 < LINE_LENGTH) {
      joined[joined.length - 1] = `${last}, ${each}`;
    } else {
      if (last !== undefined) joined[joined.length - 1] = `${last},`;
      joined.push(each);
    }
  }
  return joined;
}

function kindOf(part: string, nodes: readonly string[], parts: Parts['kind']): Kind {
  if (nodes.includes(part)) return 'node';
  if (part !== 'node' && Object.hasOwn(ways, part)) return part as Kind;
  throw new FaultMistake(`unknown part "${part}"; expected ${partNames(nodes, parts).join(', ')}`);
}

/** `node-1 to node-5`, `dns`, …: the parts that can be broken. */
export function partNames(nodes: readonly string[], parts: Parts['kind']): string[] {
  const others = kindsOf(parts).filter((kind) => kind !== 'node');
  return [nodes.length > 1 ? `${nodes[0]} to ${nodes.at(-1)}` : nodes.join(), ...others];
}

function kindsOf(parts: Parts['kind']): Kind[] {
  const kinds = Object.keys(ways) as Kind[];
  return kinds.filter((kind) => possibleWays(kind, parts).length > 0);
}

function possibleWays(kind: Kind, parts: Parts['kind']): readonly Way<unknown>[] {
  return ways[kind].filter((way: Way<unknown>) => parts === 'real' || !way.real);
}
