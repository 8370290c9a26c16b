import type { Cluster } from '../cluster/model.ts';
import { finish, type Steps } from '../verdict/steps.ts';
import { certificateLines } from './certificates.ts';
import { checkLines } from './checks.ts';
import { verdictLines } from './verdict.ts';
import { headerLines, viewLines } from './view.ts';

/** Who collected, when, and how many pods reported. `age`: of the collection, in seconds. */
export function headerText({ view }: Cluster, age?: number): string {
  return textOf(headerLines(view, age));
}

/**
 * What follows the header: the verdict, the checks and failing paths, certificates that expire
 * soon, and what cannot be seen. `runbooks`: URL of their folder.
 */
export function* bodySteps({ view, findings }: Cluster, runbooks: string): Steps<string> {
  return textOf([
    '',
    ...(yield* verdictLines(findings, view)),
    '',
    ...(yield* checkLines(view)),
    ...certificateLines(view),
    '',
    ...viewLines(view),
    `Runbooks: ${runbooks}`,
  ]);
}

/** A collection for a terminal, in printable lines of at most 80 characters. */
export function clusterText(cluster: Cluster, runbooks: string): string {
  return `${headerText(cluster)}${finish(bodySteps(cluster, runbooks))}`;
}

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}
