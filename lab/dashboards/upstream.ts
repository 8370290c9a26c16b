/** The values of the variable `type` in upstream's dashboard. */
const TYPES = ['api_server_direct', 'api_server_dns', 'me_ingress', 'me_service', 'path_.*'];

/**
 * Queries of doc/grafana-kubenurse.json of postfinance/kubenurse, for each value of its variable.
 * Queries of its other versions: `kubenurse_request_duration{quantile="0.9"}` is of a summary that
 * upstream itself no longer has; those of 1.15.3 are in `test/real/queries.txt`.
 */
export const CLASSIC = TYPES.map((type) => `increase(kubenurse_errors_total{type=~"${type}"}[2m])`);

/**
 * The same, of a histogram without its `_bucket`: they have a result if Prometheus keeps native
 * histograms.
 */
export const NATIVE = TYPES.map(
  (type) => `histogram_quantile(0.9, rate(kubenurse_request_duration{type=~"${type}"}[1m]))`,
);
