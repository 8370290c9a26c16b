import { isFine, type Report } from './watch.ts';

/**
 * One line for each check of the node whose result has changed; none for a check that has never
 * failed.
 */
export function changes(before: Report | undefined, now: Report): string[] {
  const lines: string[] = [];
  for (const [check, result] of now.results) {
    const last = before?.results.get(check);
    if (last?.text === result.text || (last === undefined && isFine(result))) continue;
    lines.push(`${now.node} ${check}: ${result.text}`);
  }
  for (const [check, last] of before?.results ?? []) {
    if (now.results.has(check) || isFine(last)) continue;
    lines.push(`${now.node} ${check}: removed`);
  }
  const [paths, pathsBefore] = [countPaths(now), before && countPaths(before)];
  if (before !== undefined && paths !== pathsBefore) lines.push(`${now.node} neighbours: ${paths}`);
  return lines;
}

function countPaths({ results }: Report): number {
  return [...results.keys()].filter((check) => check.startsWith('path_')).length;
}
