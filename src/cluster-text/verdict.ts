import type { Finding } from '../verdict/finding.ts';
import type { ClusterView } from '../verdict/report.ts';
import type { Steps } from '../verdict/steps.ts';
import { count, outOf, whole } from '../verdict/words.ts';
import { firstSteps, paragraph } from './layout.ts';
import { since } from './times.ts';

const MAX_FINDINGS = 30;

/** The findings, each with its start, its witnesses, the evidence, what works, and the runbook. */
export function* verdictLines(
  findings: readonly Finding[],
  { now, reports }: ClusterView,
): Steps<string[]> {
  if (findings.length === 0) {
    return paragraph(`OK: ${count(reports.length, 'pod')} reported, and nothing is wrong.`);
  }
  const lines = yield* firstSteps(findings, MAX_FINDINGS, (finding) => [
    ...findingLines(finding, now),
    '',
  ]);
  return lines.slice(0, -1);
}

function findingLines(finding: Finding, now: number): string[] {
  const { severity, headline, details, notAffected, runbook, victimCount } = finding;
  const explains = victimCount > 1 ? [`It explains ${whole(victimCount)} failing checks.`] : [];
  return [
    ...paragraph(`${severity.toUpperCase()}: ${headline}`, 0, 2),
    ...[evidence(finding, now), ...details, ...explains, notAffected].flatMap((text) =>
      paragraph(text, 2, 4),
    ),
    ...paragraph(`Runbook: ${runbook}`, 2, 4),
  ];
}

/** `Since 03:09 UTC (2 min). Witnesses: 9 of 10.`; empty if neither is known. */
function evidence(
  { since: begin, witnesses: { agree, of }, subject }: Finding,
  now: number,
): string {
  // A finding about what this pod sees has no witnesses.
  const isAboutView = subject.type === 'view' || subject.type === 'nodes';
  return [
    ...(begin === null ? [] : [`S${since(begin, now).slice(1)}.`]),
    ...(of === 0 || isAboutView ? [] : [`Witnesses: ${outOf(agree, of)}.`]),
  ].join(' ');
}
