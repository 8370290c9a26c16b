import { followsNeighbours } from '../../cluster/model.ts';
import type { Finding, Severity, Victim } from '../../verdict/finding.ts';
import { mapSteps, type Steps } from '../../verdict/steps.ts';
import { count, names, nodeNames, outOf } from '../../verdict/words.ts';
import { HourSum, total } from './hour.ts';
import { type Content, type Html, html, nodeLink } from './html.ts';
import type { Overview } from './overview.ts';
import { badge, type State } from './states.ts';
import { strip } from './strip.ts';
import { age, time } from './times.ts';

/** Maximum findings to show; more of them at once are a single fault that the rules do not know. */
const MAX_FINDINGS = 20;

/** Maximum checks to list of a finding's victims. */
const MAX_CHECKS = 15;

export const STATES: Readonly<Record<Severity, State>> = {
  critical: 'fail',
  warning: 'warn',
  info: 'unknown',
};

/** The verdict in words. `runbooks`: the URL of the runbooks' folder. */
export function* verdictPart(overview: Overview, runbooks: string): Steps<Html> {
  const { findings } = overview;
  if (findings.length === 0) return nothingFound(overview);
  const shown = findings.slice(0, MAX_FINDINGS).entries();
  const cards = yield* mapSteps(shown, ([index, finding]) =>
    card(overview, finding, index, runbooks),
  );
  const more = findings.length - cards.length;
  return html`<section aria-label="Verdict">
${cards}${more > 0 && html`<p>And ${count(more, 'more finding')}: see <a href="cluster.txt">the text</a>.</p>`}</section>`;
}

function nothingFound({ evidence, nodes, view }: Overview): Html {
  const { paths, components, reports } = evidence;
  const checks = [...components.keys()];
  const follows = followsNeighbours(view);
  return html`<section aria-label="Verdict"><article class="finding ok"><h2>${badge('ok')} ${follows ? 'Everything works.' : 'Everything works from this pod.'}</h2>
<p>${follows ? html`${outOf(reports.size, nodes.length, 'node')} reported, and no check fails repeatedly.` : 'It does not check its neighbours, so it knows nothing about other nodes.'}</p>
<p class="note">Checked: ${count(paths.length, 'path')} between nodes${checks.length > 0 && html`, ${names(checks, 20)}`}.</p></article></section>`;
}

function card(overview: Overview, finding: Finding, index: number, runbooks: string): Html {
  const { headline, details, severity, since, notAffected, runbook } = finding;
  const { now } = overview.view;
  const isNumbered = overview.findings.length > 1;
  return html`<article class="finding ${STATES[severity]}" aria-labelledby="finding-${index + 1}"><h2 id="finding-${index + 1}">${badge(STATES[severity])} ${isNumbered && html`<span class="number">${index + 1}.</span> `}${headline}</h2>
${since !== null && html`<p class="since">since ${time(since, now)}, for ${age(now - since)}</p>`}
<p>${details.join(' ')}</p>
${hourOf(overview, finding)}
${notAffected !== '' && html`<p class="note">${notAffected}</p>`}
<p class="meta">${meta(finding)}<a href="${runbooks}${encodeURIComponent(runbook)}" rel="noreferrer">Runbook</a>${chosen(finding)}</p>
${victims(finding, index)}</article>
`;
}

function meta({ severity, witnesses: { agree, of }, cause }: Finding): Content {
  return [
    html`<span>${severity}</span>`,
    of > 0 && html`<span>${outOf(agree, of, 'witness').replace('witnesss', 'witnesses')}</span>`,
    cause !== null && html`<span>cause: <code>${cause}</code></span>`,
  ];
}

function chosen({ subject }: Finding): Content {
  const nodes =
    subject.type === 'node'
      ? [subject.node]
      : subject.type === 'path'
        ? [subject.from, subject.to]
        : [];
  return nodes.map((node) => html`<a href="${nodeLink(node)}">Checks of ${node}</a>`);
}

/** The last hour of the checks that the finding explains: it shows when the fault began. */
function hourOf({ evidence, view }: Overview, { victims }: Finding): Content {
  const sum = new HourSum();
  for (const [node, group] of Map.groupBy(victims, (victim) => victim.node)) {
    const report = evidence.reports.get(node);
    const types = new Set(group.map(({ type }) => type));
    for (const check of report?.checks ?? [])
      if (report && types.has(check.type)) sum.add(check, report, view.now);
  }
  const { hour } = sum;
  return (
    total(hour.failures) > 0 &&
    html`<div class="hour"><span>${'−'}60 min</span>${strip(hour)}<span>now</span></div>`
  );
}

function victims({ victims, victimCount }: Finding, index: number): Content {
  if (victimCount === 0) return undefined;
  const groups = [...Map.groupBy(victims, ({ type }) => type)].slice(0, MAX_CHECKS);
  return html`<details id="victims-${index + 1}"><summary>Explains ${count(victimCount, 'failing check')}</summary><ul>${groups.map(victimLine)}</ul></details>`;
}

function victimLine([type, victims]: readonly [string, readonly Victim[]]): Html {
  return html`<li><code>${type}</code> on ${nodeNames(
    victims.map(({ node }) => node),
    8,
  )}</li>`;
}
