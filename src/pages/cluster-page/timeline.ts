import { MANY, type Steps, stepsOf } from '../../verdict/steps.ts';
import { clock, outOf, percent } from '../../verdict/words.ts';
import { type Hour, HourSum, isMany, MINUTES, shares, total } from './hour.ts';
import { type Html, html } from './html.ts';
import type { Overview } from './overview.ts';
import { strip } from './strip.ts';

const ROWS = [
  ['api_server_direct', 'API server'],
  ['api_server_dns', 'API server by name'],
  ['me_ingress', 'Ingress'],
  ['me_service', 'Service'],
  ['path', 'Between nodes'],
  ['name_server', 'Name servers'],
  ['extra', 'Extra checks'],
] as const;

/** The failed checks of the last hour by minute, a row for each kind of check. */
export function* timeline({ evidence, view }: Overview): Steps<Html> {
  const hours = new Map(ROWS.map(([kind]) => [kind as string, new HourSum()]));
  const isStep = stepsOf(MANY);
  for (const report of evidence.reports.values()) {
    if (isStep(report.checks.length)) yield;
    for (const check of report.checks) {
      hours.get(check.kind)?.add(check, report, view.now);
    }
  }
  const rows = ROWS.map(([kind, title]) => row(title, hours.get(kind)?.hour, view.now));
  return html`<section aria-labelledby="hour"><h2 id="hour">Last hour</h2>
<p class="hint">Failed checks by minute, from ${clock(view.now - 3_600, view.now)} to ${clock(view.now, view.now)}. A bar${'’'}s height is the square root of the share that failed; below one in a hundred it is grey.</p>
<table class="hours"><thead><tr><th scope="col">checks</th><th scope="col"><span class="from">${'−'}60 min</span><span class="to">now</span></th><th scope="col">failed</th><th scope="col">most</th></tr></thead>
<tbody>${rows}</tbody></table></section>`;
}

function row(title: string, hour: Hour | undefined, now: number): Html {
  if (hour === undefined || total(hour.checks) === 0) return html``;
  return html`<tr><th scope="row">${title}</th><td>${strip(hour)}</td>${inWords(hour, now)}</tr>
`;
}

/** What the bars show, in words. */
function inWords(hour: Hour, now: number): Html {
  const failed = total(hour.failures);
  if (failed === 0) return html`<td>none</td><td></td>`;
  const all = shares(hour);
  const many = all.map((_, minute) => minute).filter((minute) => isMany(hour, minute));
  const worst = many.toSorted((a, b) => (all[b] ?? 0) - (all[a] ?? 0))[0];
  const at = (minute = 0) => clock((Math.floor(now / 60) - MINUTES + 1 + minute) * 60, now);
  const note =
    worst === undefined
      ? 'single checks'
      : `${percent(all[worst] ?? 0)} at ${at(worst)}; from ${at(many[0])} on`;
  return html`<td>${outOf(failed, total(hour.checks))}</td><td class="note">${note}</td>`;
}
