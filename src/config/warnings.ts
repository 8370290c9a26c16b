import type { Environment } from './read-values.ts';
import { VARIABLES } from './variables.ts';

/** Variables that Kubernetes sets for each Service, named after the Service. */
const SERVICE_LINK =
  /_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$/;

/** Maximum letters in which a misspelt name may differ. */
const MAX_EDITS = 2;

/** Variables that Go's client reads; it does not read `curl`'s `ALL_PROXY`. */
const PROXIES = ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy'];

/** What the user should know about variables that have no effect. */
export function ineffective(environment: Environment): string[] {
  const warnings: string[] = [];
  if (environment.KUBENURSE_VICTORIAMETRICS_HISTOGRAM === 'true') {
    warnings.push(
      'KUBENURSE_VICTORIAMETRICS_HISTOGRAM is not supported: for buckets without fixed boundaries use the exponential ' +
        'histograms of the OTLP push (OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION=base2_exponential_bucket_histogram)',
    );
  }
  for (const name of PROXIES) {
    if (environment[name]) {
      warnings.push(`${name} has no effect: checks always connect to their target directly`);
    }
  }
  for (const [name, text] of Object.entries(environment)) {
    const isKnown = name in VARIABLES || name === 'KUBENURSE_VICTORIAMETRICS_HISTOGRAM';
    if (!text || isKnown || SERVICE_LINK.test(name)) continue;
    if (!/^(KUBENU|OTEL_)/.test(name)) continue;
    const similar = mostSimilar(name);
    if (similar !== undefined) {
      warnings.push(`${name} is not a known variable and has no effect: did you mean ${similar}?`);
    } else if (name.startsWith('KUBENURSE_')) {
      warnings.push(`${name} is not a known variable and has no effect: see kubenurse --help`);
    }
  }
  return warnings;
}

/** The closest variable, at most two edits away. */
function mostSimilar(name: string): string | undefined {
  const [closest] = Object.keys(VARIABLES)
    .map((known) => ({ known, edits: editDistance(name, known) }))
    .filter(({ edits }) => edits <= MAX_EDITS)
    .sort((a, b) => a.edits - b.edits);
  return closest?.known;
}

/**
 * How many letters must be inserted, deleted or replaced (Levenshtein). Does not compare names that
 * differ much in length.
 */
function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > MAX_EDITS) return Infinity;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const replaced = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
