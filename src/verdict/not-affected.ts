import type { Draft } from './draft.ts';
import type { Evidence } from './evidence.ts';
import { nameServer } from './name-servers.ts';
import { names, outOf } from './words.ts';

const COMPONENTS: Readonly<Record<string, string>> = {
  api_server_direct: 'the API server',
  api_server_dns: 'the API server by name',
  me_ingress: 'the ingress',
  me_service: 'the service',
};

/**
 * What works despite these findings, in words: paths, and components that work on every node that
 * reports. Empty if nothing is known to.
 */
export function notAffected(evidence: Evidence, drafts: readonly Draft[]): string {
  const failing = new Set(drafts.flatMap(({ victims }) => victims.map(({ type }) => type)));
  const working = [...evidence.components.keys()]
    .filter((type) => !failing.has(type))
    .map((type) => COMPONENTS[type] ?? nameServer(type) ?? `the check ${type}`);
  const { up, known } = countPaths(evidence);
  const parts = [...(up > 0 ? [outOf(up, known, 'path')] : []), ...working];
  return parts.length === 0 ? '' : `Not affected: ${names(parts, parts.length)}.`;
}

function countPaths({ edges }: Evidence): { up: number; known: number } {
  let up = 0;
  let known = 0;
  for (const edge of edges) {
    if (edge.check === undefined) continue;
    known += 1;
    if (edge.up) up += 1;
  }
  return { up, known };
}
