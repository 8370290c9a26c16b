import { count, duration, latency, outOf, percent } from '../../verdict/words.ts';
import { rttText } from './cells.ts';
import { type Content, type Html, html, nodeLink } from './html.ts';
import { type NodeOverview, type Overview, type Path, sinceOf } from './overview.ts';
import { BY_URGENCY, badge, type State, stateOf } from './states.ts';
import { age, time } from './times.ts';

/**
 * Maximum checks to show in one direction: without a limit of neighbours, a node has as many as
 * there are nodes.
 */
const MAX_PATHS = 100;

/** Maximum suspects to show: once a node is down, every pod adds it to its own. */
const MAX_SUSPECTS = 20;

/** Maximum nodes to suggest if none has the name. */
const MAX_SIMILAR = 20;

/** Clocks that differ by no more than this count as right, in seconds. */
const CLOCK = 2;

type Line = Readonly<{
  title: Html;
  check: Path['check'];
  state: State;
  since: number | null;
}>;

/** Which nodes check the selected node, which it checks, and what it reports about itself. */
export function nodeDetail(overview: Overview, name: string): Html {
  const node = overview.byName.get(name);
  if (node === undefined) return noSuchNode(overview, name);
  const { zone, state } = node;
  const { now } = overview.view;
  return html`<section id="node" aria-labelledby="chosen" class="detail"><p class="close"><a href="?">Close</a></p>
<h2 id="chosen">${badge(state)} ${name}${zone !== '' && html` <span class="note">zone ${zone}</span>`}</h2>
${about(node, now)}
${table(
  `Nodes that check ${name}`,
  node.to.map((path) => lineOf(path, path.from)),
  now,
)}
${node.report && table(`What ${name} checks`, [...own(node, now), ...node.from.map((path) => lineOf(path, path.to))], now)}
${node.suspects.length > 0 && table('Suspects', node.suspects.map(suspectLine), now, MAX_SUSPECTS)}</section>`;
}

function noSuchNode({ nodes }: Overview, name: string): Html {
  const similar = nodes.filter((node) => name !== '' && node.name.includes(name));
  return html`<section id="node" class="detail" aria-labelledby="chosen"><p class="close"><a href="?">Close</a></p>
<h2 id="chosen">No node is named ${'“'}${name}${'”'}</h2>
<ul class="links">${similar.slice(0, MAX_SIMILAR).map((node) => html`<li>${badge(node.state)} <a href="${nodeLink(node.name)}">${node.name}</a></li>`)}</ul></section>`;
}

function about({ report, silent, isCordoned }: NodeOverview, now: number): Html {
  const cordoned = isCordoned && 'The node is cordoned.';
  if (report === undefined) {
    const why = silent === undefined ? 'No pod is expected on it.' : `No report: ${silent.text}.`;
    return html`<p>${silent && html`Pod ${silent.pod}. `}${why} ${cordoned}</p>`;
  }
  const { pod, version, startedAt, reportedAt, eventLoopDelaySeconds } = report;
  const skew = reportedAt - now;
  return html`<p>Pod ${pod}, version ${version}, up for ${age(reportedAt - startedAt)}. Event-loop lag ${latency(eventLoopDelaySeconds)}.${Math.abs(skew) > CLOCK && html` Its clock is ${duration(Math.abs(skew))} ${skew > 0 ? 'ahead' : 'behind'}.`} ${cordoned}</p>`;
}

function own({ report }: NodeOverview, now: number): Line[] {
  const checks = (report?.checks ?? []).filter(({ kind }) => kind !== 'path');
  return checks.map((check) => ({
    title: html`<code>${check.type}</code>`,
    check,
    state: stateOf(check),
    since: sinceOf(check, report, now),
  }));
}

function lineOf({ check, state, since }: Path, other: string): Line {
  return { title: html`<a href="${nodeLink(other)}">${other}</a>`, check, state, since };
}

function suspectLine({ from, to, ...path }: Path): Line {
  const title = html`<a href="${nodeLink(from)}">${from}</a> ${'→'} <a href="${nodeLink(to)}">${to}</a>`;
  return { ...path, title };
}

function table(title: string, all: readonly Line[], now: number, most = MAX_PATHS): Html {
  const urgency = ({ state }: Line) => BY_URGENCY.indexOf(state);
  const lines = all.toSorted((a, b) => urgency(a) - urgency(b)).slice(0, most);
  const failing = all.filter(({ state }) => state === 'fail').length;
  const caption = html`<h3>${title}: <span class="note">${failing === 0 ? count(all.length, 'check') : `${outOf(failing, all.length, 'check')} failing`}</span></h3>`;
  if (all.length === 0) return html`<h3>${title}: <span class="note">nobody</span></h3>`;
  return html`${caption}<div class="scroll" tabindex="0" role="region" aria-label="${title}"><table class="list"><thead><tr><th scope="col">check</th><th scope="col">state</th><th scope="col">for</th><th scope="col">latency</th><th scope="col">round trip</th><th scope="col">retransmitted</th><th scope="col">failed, last minute</th></tr></thead>
<tbody>${lines.map((line) => row(line, now))}</tbody></table></div>${all.length > most && html`<p class="hint">${outOf(most, all.length)}, failing ones first.</p>`}`;
}

function row({ title, check, state, since }: Line, now: number): Html {
  const { checks, failures, medianSeconds, rttSeconds, ...segments } = check.lastMinute;
  const lost = segments.segmentsRetransmitted / Math.max(1, segments.segmentsSent);
  return html`<tr><th scope="row">${title}</th><td>${badge(state)} ${stateText(check, state)}</td><td>${since !== null && html`<span title="${sinceTitle(since)}">${age(now - since)}</span>`}</td><td>${medianSeconds !== null && latency(medianSeconds)}</td><td>${rttText(rttSeconds)}</td><td>${lost > 0 && percent(lost)}</td><td>${failures} of ${checks}</td></tr>
`;
}

function sinceTitle(since: number): string {
  return time(since, since).markup.replace(/<[^>]*>/g, '');
}

function stateText({ cause, text }: Path['check'], state: State): Content {
  if (state === 'fail' || state === 'once')
    return html`${cause ?? false}<br><span class="error">${text ?? false}</span>`;
  if (state === 'unknown') return 'no result yet';
  return state === 'warn' ? 'ok, but slow or losing packets' : 'ok';
}
