import { followsNeighbours } from '../cluster/model.ts';
import type { ClusterView } from '../verdict/report.ts';
import { clock, duration, nodeNames, outOf } from '../verdict/words.ts';
import { firstOf, paragraph } from './layout.ts';
import { date } from './times.ts';

const MAX_SILENT = 50;

/** Who collected, when, and how many pods reported. `age`: of the collection, in seconds. */
export function headerLines(
  { collector, now, reports, silent }: ClusterView,
  age?: number,
): string[] {
  const { pod, node } = collector;
  const all = reports.length + silent.length;
  const isOld = age === undefined ? '' : `, ${duration(age)} ago`;
  return [
    ...paragraph(`Collected ${date(now)}${isOld} by ${pod} on ${node}.`, 0, 2),
    `${outOf(reports.length, all, 'pod')} reported.`,
  ];
}

/** Pods without a report, and how current the pod list is. */
export function viewLines(view: ClusterView): string[] {
  const { silent, cordoned } = view;
  return [
    ...(silent.length > 0 ? ['SILENT PODS', ...silentLines(view), ''] : []),
    ...(cordoned.length > 0 ? paragraph(`Cordoned: ${nodeNames(cordoned, 20)}.`, 0, 2) : []),
    ...paragraph(podList(view), 0, 2),
  ];
}

function silentLines({ silent }: ClusterView): string[] {
  return firstOf(silent, MAX_SILENT, ({ node, pod, cause, text }) => [
    ...paragraph(`${node} (${pod})`, 0, 2),
    ...paragraph(cause === null ? text : `${cause}: ${text}`, 2, 4),
  ]);
}

function podList(view: ClusterView): string {
  const { podListAt, podListError, now } = view;
  if (!followsNeighbours(view)) {
    return 'Neighbours are not checked (KUBENURSE_CHECK_NEIGHBOURHOOD=false): this is what one pod knows.';
  }
  const at = podListAt === null ? 'There is no pod list' : `Pod list of ${clock(podListAt, now)}`;
  return podListError === null
    ? `${at}, current.`
    : `${at}, which cannot be updated: ${podListError}.`;
}
