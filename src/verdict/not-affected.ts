import type { Draft } from './draft.ts';
import type { Evidence } from './evidence.ts';
import { count } from './words.ts';

const COMPONENTS: Readonly<Record<string, string>> = {
  api_server_direct: 'the API server',
  api_server_dns: 'the API server by name',
  me_ingress: 'the ingress',
  me_service: 'the service',
};

/** What works, in words, beside the finding: components on every node that reports, and paths. */
export function notAffected(evidence: Evidence, drafts: readonly Draft[], draft: Draft): string {
  const failing = new Set(drafts.flatMap(({ victims }) => victims.map(({ type }) => type)));
  const working = [...evidence.components.keys()]
    .filter((type) => !failing.has(type))
    .map((type) => COMPONENTS[type] ?? `the check ${type}`);
  const up = evidence.edges.filter((edge) => edge.up && edge.check).length;
  const isAboutView = draft.severity === 'info';
  const all = evidence.edges.filter((edge) => edge.check).length;
  if (isAboutView || all + working.length === 0) return '';
  const parts = [...(all > 0 ? [`${up} of ${count(all, 'path')}`] : []), ...working];
  return `Not affected: ${parts.join(', ')}.`;
}
