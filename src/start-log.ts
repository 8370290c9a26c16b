import { redactedUrl } from './config/shown.ts';
import type { Config } from './config.ts';

/**
 * The fields of the startup log line: what is checked, at which URLs (redacted), and which
 * exporters get the metrics.
 */
export function startFields({ targets, neighbours, interval, metrics }: Config): object {
  const { extra, apiServerDirect, apiServerDns, meIngress, meService, nameServers } = targets;
  const own = {
    api_server_direct: apiServerDirect,
    api_server_dns: apiServerDns,
    me_ingress: meIngress,
    me_service: meService,
    'dns_<address>': nameServers,
  };
  const urls = [...Object.entries(own), ...extra.map(({ name, url }) => [name, url] as const)];
  return {
    checks: Object.fromEntries(
      urls.flatMap(([type, url]) => (url === undefined ? [] : [[type, redactedUrl(url)]])),
    ),
    ...(neighbours === undefined ? {} : { neighbours }),
    intervalSeconds: interval / 1000,
    exporters: metrics.isDisabled ? [] : metrics.exporters,
  };
}
