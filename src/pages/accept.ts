/** Maximum length of a header, in characters; a longer one is ignored. Prometheus sends 250. */
const MAX_LENGTH = 1_000;

/** OpenMetrics if `Accept` names it and does not prefer plain text (RFC 9110, section 12.5.1). */
export function formatFor(accept: string): 'text' | 'openmetrics' {
  const openMetrics = quality(accept, 'application/openmetrics-text');
  return openMetrics > 0 && openMetrics >= quality(accept, 'text/plain') ? 'openmetrics' : 'text';
}

/** Whether `Accept-Encoding` names gzip and does not prefer an uncompressed response. */
export function prefersGzip(acceptEncoding: string): boolean {
  const gzip = quality(acceptEncoding, 'gzip');
  return gzip > 0 && gzip >= quality(acceptEncoding, 'identity');
}

/** The highest quality of this name in the header; 0 if it is missing. */
function quality(header: string, name: string): number {
  if (header.length > MAX_LENGTH) return 0;
  const qualities = header
    .split(',')
    .map((range) => range.split(';').map((part) => part.trim()))
    .filter(([each]) => each?.toLowerCase() === name)
    .map((parts) => Number(parts.find((part) => part.startsWith('q='))?.slice(2) ?? 1));
  return Math.max(0, ...qualities);
}
