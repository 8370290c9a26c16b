import { isFine, type Report } from './watch.ts';

/** One line for each check of the node whose answer is another than before; none for what was fine from the start. */
export function changes(before: Report | undefined, now: Report): string[] {
  const lines: string[] = [];
  for (const [check, answer] of now.answers) {
    const last = before?.answers.get(check);
    if (last?.text === answer.text || (last === undefined && isFine(answer))) continue;
    lines.push(`${now.node} ${check}: ${answer.text}`);
  }
  for (const [check, last] of before?.answers ?? []) {
    if (now.answers.has(check) || isFine(last)) continue;
    lines.push(`${now.node} ${check}: asked no longer`);
  }
  const [paths, pathsBefore] = [countPaths(now), before && countPaths(before)];
  if (before !== undefined && paths !== pathsBefore) lines.push(`${now.node} neighbours: ${paths}`);
  return lines;
}

function countPaths({ answers }: Report): number {
  return [...answers.keys()].filter((check) => check.startsWith('path_')).length;
}
