import type { Finding } from '../../../src/verdict/finding.ts';
import type { ClusterView } from '../../../src/verdict/report.ts';
import { verdict } from '../../../src/verdict/verdict.ts';
import { type Broken, connection } from './faults.ts';
import { type Case, look } from './look.ts';
import { accusesNobodyHealthy, names } from './truth.ts';

/** What is wrong with a verdict: nothing if all three are empty. */
export type Assessment = Readonly<{
  findings: readonly Finding[];
  /** Findings that accuse what is healthy. */
  wrong: readonly Finding[];
  /** Visible faults that no finding names. */
  missed: readonly Broken[];
  /** Findings that name no fault. */
  surplus: readonly Finding[];
}>;

const ABOUT_VIEW = new Set<Finding['kind']>([
  'cut_off',
  'mostly_silent',
  'silent',
  'pod_list_stale',
]);

/** Compares the verdict with the truth. */
export function assess(each: Case): Assessment {
  const view = look(each);
  const findings = verdict(view);
  const isCutOff = view.reports.length === 1 && view.silent.length > 0;
  const accusing = findings.filter(({ kind }) => !ABOUT_VIEW.has(kind));
  const wrong = accusing.filter((finding) => !accusesNobodyHealthy(each, finding));
  wrong.push(
    ...findings.filter((finding) => ABOUT_VIEW.has(finding.kind) && !isSeen(view, finding)),
  );
  if (isCutOff) {
    const missed = findings[0]?.kind === 'cut_off' ? [] : each.faults;
    return { findings, wrong, missed, surplus: accusing };
  }
  return {
    findings,
    wrong,
    missed: each.faults.filter(
      (fault) =>
        !findings.some((finding) => names(each, fault, finding)) &&
        !isOnlyFetched(each, fault, findings) &&
        !isSlowByLoss(each, fault) &&
        shows(each, view, fault),
    ),
    surplus: accusing.filter(
      (finding) => !each.faults.some((fault) => names(each, fault, finding)),
    ),
  };
}

/** Whether what a finding claims about the view is true. */
function isSeen(view: ClusterView, { kind, subject }: Finding): boolean {
  const silent = new Set(view.silent.map(({ node }) => node));
  const { reports } = view;
  if (kind === 'pod_list_stale') return view.podListError !== null;
  if (kind === 'cut_off') return reports.length === 1 && silent.size > 0;
  if (kind === 'mostly_silent') return silent.size >= reports.length;
  return subject.type === 'nodes' && subject.nodes.every((node) => silent.has(node));
}

/**
 * Whether a broken path shows only because the collector gets no report over it, and a finding says
 * so.
 */
function isOnlyFetched({ collector }: Case, fault: Broken, findings: readonly Finding[]): boolean {
  if (!('from' in fault)) return false;
  const other = fault.from === collector ? fault.to : fault.from;
  if (fault.from !== collector && fault.to !== collector) return false;
  return findings.some(
    ({ kind, subject }) =>
      kind === 'silent' && subject.type === 'nodes' && subject.nodes.includes(other),
  );
}

/** Whether what is slow also loses packets, which is the reason as far as reports show. */
function isSlowByLoss({ faults }: Case, fault: Broken): boolean {
  if (fault.kind !== 'slow' && fault.kind !== 'path_slow') return false;
  const ends = 'node' in fault ? [fault.node] : [fault.from, fault.to];
  return faults.some((other) => other.kind === 'loss' && ends.includes(other.node));
}

/**
 * How many checks must differ because of a fault for it to show; for a fault of one path or check,
 * one is enough.
 */
const ENOUGH = 2;

/** Whether the fault shows beside the others: the view would be different without it. */
function shows(each: Case, view: ClusterView, fault: Broken): boolean {
  if (each.faults.length === 1) return isVisible(each, fault);
  const without = look({ ...each, faults: each.faults.filter((other) => other !== fault) });
  const before = observations(without);
  const now = observations(view);
  const differing = [...now].filter(([key, value]) => before.get(key) !== value).length;
  const isSingle = 'from' in fault || ('nodes' in fault && fault.where === 'node');
  return differing >= (isSingle || fault.kind === 'starved' ? 1 : ENOUGH);
}

/** A path whose source does not report cannot be seen; everything else can. */
function isVisible({ collector, faults }: Case, fault: Broken): boolean {
  if (!('from' in fault)) return true;
  return connection(faults, collector, fault.from) === undefined;
}

/** What the reports show, without the effects of chance. */
function observations({ reports }: ClusterView): Map<string, string> {
  const all = new Map<string, string>();
  for (const { node, checks, eventLoopDelaySeconds } of reports) {
    if (eventLoopDelaySeconds > 0.01) all.set(node, 'starved');
    for (const { type, state, cause, lastMinute, suspect } of checks) {
      if (suspect) continue;
      const { medianSeconds: median, segmentsRetransmitted: again } = lastMinute;
      const isSlow = median !== null && median > (type.startsWith('path_') ? 0.02 : 0.25);
      const isLossy = again >= 5;
      const quality = state === 'ok' ? [isSlow, isLossy] : [];
      all.set(`${node} ${type}`, JSON.stringify([state, cause, ...quality]));
    }
  }
  return all;
}
