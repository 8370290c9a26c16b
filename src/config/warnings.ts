import type { Environment } from './read-values.ts';
import { VARIABLES } from './variables.ts';

/** Variables that Kubernetes sets for each Service, by the name that the Service has. */
const SERVICE_LINK =
  /_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$/;

/** What Go's client reads; `curl`'s `ALL_PROXY` it does not. */
const PROXIES = ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy'];

/** What the user should know of variables that have no effect. */
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
    if (!text) continue;
    const isKnown = name in VARIABLES || name === 'KUBENURSE_VICTORIAMETRICS_HISTOGRAM';
    if (name.startsWith('KUBENURSE_') && !isKnown && !SERVICE_LINK.test(name)) {
      warnings.push(`${name} is not a known variable and has no effect`);
    }
  }
  return warnings;
}
