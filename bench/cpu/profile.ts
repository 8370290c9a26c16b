/** A V8 call tree, as `--cpu-prof` writes it; times in microseconds. */
export type CpuProfile = Readonly<{
  nodes: readonly Readonly<{
    id: number;
    callFrame: Readonly<{ functionName: string; url: string }>;
    children?: readonly number[];
  }>[];
  samples: readonly number[];
  timeDeltas: readonly number[];
}>;

/**
 * What a check's time is spent on, by the file of the nearest caller that matches. The first match
 * counts.
 */
const PARTS: readonly (readonly [part: string, pattern: RegExp])[] = [
  [
    'look-up',
    /src\/probes\/(resolve|resolv-conf|lookup|name-query|dns-\w+)\.ts|node:(internal\/)?dgram/,
  ],
  ['TLS', /node:_?(internal\/)?tls|src\/tls-|src\/probes\/ca-bundle/],
  ['TCP_INFO', /src\/probes\/tcp-(info|account)\.ts/],
  ['connect', /src\/probes\/(dial|connection)\.ts/],
  ['scrape', /src\/pages\/metrics\.ts|exporters\/|exporter-prometheus/],
  ['record', /src\/(recorders|check-states|check-history|event-loop)\.ts|sdk-metrics/],
  ['request and schedule', /src\/(probes\/|schedule\.ts|deadline\.ts|warm-up\.ts)/],
  [
    'callers',
    /src\/(server|plain-|request-|connections|fair-limit|rate-limiter|client-limits|pages\/)|node:_http_server|koa/,
  ],
  ['sockets and streams', /node:(net|stream|internal\/(streams|stream_base))/],
];

/** Not the program's time: the profiler found it asleep. */
const IDLE = '(idle)';

/** Node's and V8's own names for what is not a function. */
const NATIVE: ReadonlyMap<string, string> = new Map([
  ['(garbage collector)', 'garbage collection'],
  ['(program)', 'native code and system calls outside JavaScript'],
]);

/**
 * Milliseconds by part, without idle time and the first `skip` milliseconds. Only the main thread:
 * V8's own threads have no profile.
 */
export function partsOf({ nodes, samples, timeDeltas }: CpuProfile, skip = 0): Map<string, number> {
  const partOf = new Map<number, string>();
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const name = (id: number, inherited: string) => {
    const node = byId.get(id);
    if (node === undefined) return;
    const { functionName, url } = node.callFrame;
    const own = NATIVE.get(functionName) ?? PARTS.find(([, pattern]) => pattern.test(url))?.[0];
    const part = functionName === IDLE ? IDLE : (own ?? inherited);
    partOf.set(id, part);
    for (const child of node.children ?? []) name(child, part);
  };
  const [root] = nodes;
  if (root !== undefined) name(root.id, 'other JavaScript');
  const parts = new Map<string, number>();
  let passed = 0;
  for (const [index, id] of samples.entries()) {
    const milliseconds = (timeDeltas[index] ?? 0) / 1_000;
    passed += milliseconds;
    const part = partOf.get(id);
    if (passed <= skip || part === undefined || part === IDLE) continue;
    parts.set(part, (parts.get(part) ?? 0) + milliseconds);
  }
  return parts;
}
