import type { ControlPlaneFault } from '../parts/control-plane.ts';
import type { DnsFault, IngressFault, NetworkSplit, WireFault } from '../parts/faults.ts';
import type { Parts } from '../parts/parts.ts';
import type { NodeFault } from './node.ts';

type FaultOf = {
  node: NodeFault;
  dns: DnsFault;
  ingress: IngressFault;
  service: WireFault;
  'api-server': ControlPlaneFault;
  network: NetworkSplit;
};

type Kind = keyof FaultOf;

/**
 * What is to be broken, and how: `part` and `name` as they are written, `node-3` and `down`.
 * Without a `fault` the part is to be healed.
 */
export type Fault = {
  [K in Kind]: Readonly<{ part: string; name: string; kind: K; fault: FaultOf[K] | undefined }>;
}[Kind];

/** What is wrong with what was written, and what would be right. */
export class FaultMistake extends Error {
  override name = 'FaultMistake';
}

/** One way to break a part: how it is written, what it does, how it is read, and whether it takes the real parts. */
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

const down = word<WireFault>('down', 'connecting to it is refused', { kind: 'down' });
const hang = word<WireFault>('hang', 'it accepts connections and is silent', { kind: 'hang' });
const reset = word<WireFault>('reset', 'it resets every connection', { kind: 'reset' });
const slow: Way<{ kind: 'slow'; milliseconds: number }> = {
  syntax: 'slow=<duration>',
  does: 'its answers come so much later: slow=50ms, slow=1.5s',
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
  syntax: `${kind}=<number>`,
  does,
  read: (text) => {
    const [, name, first] = /^([a-z-]+)=([1-9]\d?)$/.exec(text) ?? [];
    return name === kind ? { kind, first: Number(first) } : undefined;
  },
  real: true,
});

const everyRequest = 'every request is answered with this status';

const ways: { [K in Kind]: readonly Way<FaultOf[K]>[] } = {
  node: [
    down,
    hang,
    reset,
    slow,
    word('suspended', 'its program stands still', { kind: 'suspended' }),
    word('cordoned', 'its Node object says unschedulable', { kind: 'cordoned' }),
    word('terminating', 'its Pod is being deleted, but still answers', { kind: 'terminating' }),
    word('deleted', 'its program is stopped, its Pod and Node are removed', { kind: 'deleted' }),
    real('deaf', 'what begins elsewhere does not get to it', { kind: 'deaf' }),
    real('mute', 'what it begins itself gets nowhere', { kind: 'mute' }),
    real('isolated', 'nothing gets through, either way', { kind: 'isolated' }),
    real('mtu-black-hole', 'packets over 1,000 bytes get lost', { kind: 'mtu-black-hole' }),
    real('reordering', 'packets come late and overtake each other', { kind: 'reordering' }),
    {
      syntax: 'loss=<percent>',
      does: 'so many packets get lost: loss=20',
      read: (text) => {
        const [, percent] = /^loss=(\d{1,2})$/.exec(text) ?? [];
        return percent === undefined ? undefined : { kind: 'loss', percent: Number(percent) };
      },
      real: true,
    },
  ],
  dns: [
    word('silent', 'no question is answered', 'silent'),
    word('servfail', 'every question is answered with SERVFAIL', 'servfail'),
    word('nxdomain', 'no name exists', 'nxdomain'),
  ],
  ingress: [
    down,
    hang,
    reset,
    slow,
    {
      syntax: '<status>',
      does: everyRequest,
      read: (text) =>
        /^[45]\d\d$/.test(text) ? { kind: 'status', code: Number(text) } : undefined,
    },
    word('wrong-certificate', 'it shows a certificate for another host', {
      kind: 'wrong-certificate',
    }),
  ],
  service: [down, hang, reset, slow],
  'api-server': [
    word('away', 'connecting to it is refused', { kind: 'away' }),
    word('hang', 'it accepts connections and is silent', { kind: 'hang' }),
    slow,
    ...[401, 403, 429, 500, 503].map((code) =>
      word<ControlPlaneFault>(`${code}`, everyRequest, {
        kind: 'status',
        code,
      }),
    ),
  ],
  network: [
    split('split', 'the first so many nodes and the others do not meet'),
    split('one-way-split', 'the first so many nodes do not reach the others'),
  ],
};

const TAKES_REAL = 'takes the real network: npm run demo -- --real';

/**
 * Reads `<part>:<fault>`, such as `node-3:down` or `service:slow=300ms`.
 * Throws a FaultMistake that says what would be right. `nodes`: the names of the nodes there are; `parts`: what they
 * are made of.
 */
export function parseFault(text: string, nodes: readonly string[], parts: Parts['kind']): Fault {
  const [part = '', name = ''] = text.trim().split(/:(.*)/s);
  const kind = kindOf(part, nodes);
  for (const way of ways[kind]) {
    const fault = way.read(name);
    if (fault === undefined) continue;
    if (way.real && parts !== 'real') throw new FaultMistake(`"${text.trim()}" ${TAKES_REAL}`);
    return { part, name, kind, fault } as Fault;
  }
  const wrong = name === '' ? ' does not say how' : `: ${part} cannot be broken that way`;
  throw new FaultMistake(`"${text.trim()}"${wrong}; there is ${faultsOf(part, kind, parts)}`);
}

/** Reads the name of a part that is to be healed. Throws a FaultMistake that names those there are. */
export function parsePart(text: string, nodes: readonly string[]): Fault {
  const part = text.trim();
  return { part, name: 'healed', kind: kindOf(part, nodes), fault: undefined } as Fault;
}

/** What can be written: a line for each part, one more for what takes the real parts, then one for each meaning. */
export function faultHelp(): string[] {
  const parts = Object.entries(ways).flatMap(([kind, list]) => {
    const part = `${kind === 'node' ? 'node-N' : kind}:`.padEnd(13);
    const rows = [list.filter((way) => !way.real), list.filter((way) => way.real)];
    return rows.flatMap((row, index) => {
      const written = row.map(({ syntax }) => syntax).join(', ');
      return row.length > 0 ? `  ${part}${written}${index > 0 ? ' (with --real)' : ''}` : [];
    });
  });
  const meanings = Map.groupBy(Object.values(ways).flat(), ({ does }) => does);
  const lines = [...meanings].map(([does, same]) => {
    const written = [...new Set(same.map(({ syntax }) => syntax))].join(', ');
    return `  ${written.padEnd(37)}${does}`;
  });
  return [...parts, '', ...lines];
}

function kindOf(part: string, nodes: readonly string[]): Kind {
  if (nodes.includes(part)) return 'node';
  if (part !== 'node' && Object.hasOwn(ways, part)) return part as Kind;
  const range = nodes.length > 1 ? `${nodes[0]} to ${nodes.at(-1)}` : nodes.join();
  const others = Object.keys(ways).filter((kind) => kind !== 'node');
  throw new FaultMistake(`"${part}" is no part; there is ${[range, ...others].join(', ')}`);
}

function faultsOf(part: string, kind: Kind, parts: Parts['kind']): string {
  const possible = ways[kind].filter((way) => parts === 'real' || !way.real);
  return possible.map(({ syntax }) => `${part}:${syntax}`).join(', ') || `none: it ${TAKES_REAL}`;
}
