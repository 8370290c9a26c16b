import { MANY, type Steps, stepsOf } from '../../verdict/steps.ts';
import { nodeNames, outOf, percent } from '../../verdict/words.ts';
import { rttText } from './cells.ts';
import { type Html, html, nodeLink } from './html.ts';
import { type NodeOverview, type Overview, ownSuspects, type Path } from './overview.ts';
import { BY_URGENCY, badge, stateOf } from './states.ts';

const WORST = 20;

/** What nodes are compared by. */
type Row = Readonly<{
  node: NodeOverview;
  failingTo: number;
  failingFrom: number;
  /** Nodes beyond its fixed neighbours that it does not reach. */
  suspects: readonly string[];
  failing: readonly string[];
  lost: number;
  rtt: number | null;
}>;

/** The twenty worst nodes: those at fault first, then by failing checks, then by lost packets. */
export function* worstNodes({ nodes }: Overview): Steps<Html> {
  const rows: Row[] = [];
  const isStep = stepsOf(MANY);
  for (const node of nodes) {
    rows.push(rowOf(node));
    if (isStep(node.from.length + node.to.length)) yield;
  }
  const worst = rows.sort(byBadness).slice(0, WORST);
  return html`<h3 id="worst">Worst twenty</h3>
<div class="scroll" tabindex="0" role="region" aria-labelledby="worst"><table class="list"><thead><tr><th scope="col">node</th><th scope="col">zone</th><th scope="col">fails for</th><th scope="col">cannot reach</th><th scope="col">components failing</th><th scope="col">retransmitted</th><th scope="col">slowest round trip</th></tr></thead>
<tbody>${worst.map(line)}</tbody></table></div>`;
}

function rowOf(node: NodeOverview): Row {
  const checks = [...node.from, ...node.to].map(({ check }) => check.lastMinute);
  const sum = (pick: (each: (typeof checks)[number]) => number) =>
    checks.reduce((all, each) => all + pick(each), 0);
  const rtts = node.from.flatMap(({ check }) => check.lastMinute.rttSeconds ?? []);
  const failing = (node.report?.checks ?? [])
    .filter((check) => check.kind !== 'path' && stateOf(check) === 'fail')
    .map(({ type }) => type);
  return {
    node,
    failingTo: failures(node.to),
    failingFrom: failures(node.from),
    suspects: ownSuspects(node)
      .filter(({ state }) => state === 'fail')
      .map(({ to }) => to),
    failing,
    lost:
      sum((each) => each.segmentsRetransmitted) /
      Math.max(
        1,
        sum((each) => each.segmentsSent),
      ),
    rtt: rtts.length === 0 ? null : Math.max(...rtts),
  };
}

function failures(paths: readonly Path[]): number {
  return paths.filter(({ state }) => state === 'fail').length;
}

function byBadness(a: Row, b: Row): number {
  return (
    BY_URGENCY.indexOf(a.node.state) - BY_URGENCY.indexOf(b.node.state) ||
    b.failingTo - a.failingTo ||
    b.failing.length + b.failingFrom - a.failing.length - a.failingFrom ||
    b.lost - a.lost
  );
}

function line({ node, failingTo, failingFrom, suspects, failing, lost, rtt }: Row): Html {
  const { name, zone, state, report, from, to } = node;
  return html`<tr><th scope="row">${badge(state)} <a href="${nodeLink(name)}">${name}</a></th><td>${zone}</td><td>${outOf(failingTo, to.length)}</td><td>${report ? `${outOf(failingFrom, from.length)}${suspects.length > 0 ? `, and ${nodeNames(suspects)}` : ''}` : 'no report'}</td><td>${failing.join(', ')}</td><td>${lost > 0 && percent(lost)}</td><td>${rttText(rtt)}</td></tr>
`;
}
