import { expect, test } from 'vitest';
import { filesIn, type Import, importsIn, importsOf } from './support/imports.ts';

/**
 * Which of the project's files each part may import, besides `src/model.ts`, `src/printable.ts` and
 * `src/url-host.ts`, which all of `src/` may. A trailing slash marks a folder.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  'src/main.ts': [
    'src/check-config.ts',
    'src/command-line.ts',
    'src/config/',
    'src/config.ts',
    'src/log.ts',
    'src/saved-verdict.ts',
    'src/run.ts',
    'src/signals.ts',
    'src/standard-output.ts',
    'exporters/load.ts',
    'package.json',
  ],
  'src/run.ts': ['src/', 'exporters/', 'package.json'],
  'src/routes.ts': ['src/'],
  'src/command-line.ts': [],

  'src/model.ts': [],
  'src/printable.ts': [],
  'src/url-host.ts': [],
  'src/at-most.ts': [],
  'src/growing-bytes.ts': [],
  'src/deadline.ts': [],
  'src/log.ts': [],
  'src/standard-output.ts': [],
  'src/follow-file.ts': [],
  'src/process-metrics.ts': [],
  'src/metrics.ts': ['src/process-metrics.ts'],
  'src/event-loop.ts': [],
  'src/seconds.ts': [],
  'src/process-limits.ts': [
    'src/client-limits.ts',
    'src/openssl-limits.ts',
    'src/socket-limits.ts',
    'src/trim-memory.ts',
  ],
  'src/trim-memory.ts': ['src/ffi.ts'],
  'src/client-limits.ts': ['src/informational-limit.ts', 'src/tls-limit.ts'],
  'src/informational-limit.ts': [],
  'src/tls-limit.ts': [],
  'src/openssl.ts': ['src/ffi.ts'],
  'src/openssl-limits.ts': ['src/certificate-limits.ts', 'src/message-limits.ts', 'src/openssl.ts'],
  'src/certificate-limits.ts': ['src/openssl.ts'],
  'src/message-limits.ts': [
    'src/certificate-cost.ts',
    'src/client-hello-cost.ts',
    'src/ffi.ts',
    'src/openssl.ts',
  ],
  'src/client-hello-cost.ts': [],
  'src/certificate-cost.ts': [],
  'src/ffi.ts': [],
  'src/rest.ts': [],
  'src/warm-up.ts': [],
  'src/startup.ts': [],
  'src/resource.ts': [],
  'src/start-log.ts': ['src/config.ts', 'src/config/'],
  'src/check-config.ts': ['src/config.ts', 'src/probes/', 'src/server-certificate.ts'],
  'src/signals.ts': [],
  'src/tls-verification.ts': ['src/certificate-limits.ts'],

  'src/config.ts': ['src/config/', 'src/probes/dns-question.ts'],
  'src/config/': ['src/config/', 'src/metrics.ts', 'src/probes/kinds.ts'],

  'src/stamp/': ['src/stamp/'],

  'src/checks.ts': ['src/probes/', 'src/neighbours/'],
  'src/name-server-checks.ts': ['src/probes/'],
  'src/probes/': [
    'src/tls-limit.ts',
    'src/probes/',
    'src/stamp/',
    'src/deadline.ts',
    'src/follow-file.ts',
    'src/growing-bytes.ts',
    'src/informational-limit.ts',
    'src/socket-options.ts',
    'src/tls-verification.ts',
  ],
  'src/neighbours/': ['src/neighbours/', 'src/kubernetes/', 'src/seconds.ts'],
  'src/kubernetes/': [
    'src/kubernetes/',
    'src/at-most.ts',
    'src/deadline.ts',
    'src/follow-file.ts',
    'src/growing-bytes.ts',
    'src/rest.ts',
    'src/tls-verification.ts',
  ],

  'src/verdict/': ['src/verdict/'],
  'src/cluster/': [
    'src/cluster/',
    'src/verdict/',
    'src/neighbours/pod-list.ts',
    'src/probes/fetch-body.ts',
    'src/at-most.ts',
    'src/deadline.ts',
    'src/rest.ts',
  ],
  'src/saved-verdict.ts': [
    'src/cluster/read-saved.ts',
    'src/cluster-text/',
    'src/runbooks.ts',
    'src/verdict/',
  ],
  'src/runbooks.ts': ['package.json'],
  'src/cluster-text/': ['src/cluster-text/', 'src/cluster/model.ts', 'src/verdict/'],

  'src/schedule.ts': ['src/check-states.ts', 'src/deadline.ts'],
  'src/check-states.ts': ['src/check-history.ts'],
  'src/check-history.ts': ['src/verdict/'],
  'src/check-report.ts': ['src/check-states.ts', 'src/verdict/'],
  'src/recorded-values.ts': [],
  'src/named-statuses.ts': [],
  'src/recorders.ts': [
    'src/metrics.ts',
    'src/named-statuses.ts',
    'src/recorded-values.ts',
    'src/seconds.ts',
  ],
  'src/export-health.ts': ['src/recorders.ts', 'src/seconds.ts'],

  'src/server.ts': [
    'src/pages/',
    'src/connections.ts',
    'src/flood-filter.ts',
    'src/orphans.ts',
    'src/plain-server.ts',
    'src/rate-limiter.ts',
    'src/request-guard.ts',
    'src/request-heads.ts',
    'src/request-listener.ts',
    'src/server-certificate.ts',
    'src/tls-limit.ts',
    'src/socket-limits.ts',
  ],
  'src/plain-server.ts': [
    'src/pages/',
    'src/plain-request.ts',
    'src/request-guard.ts',
    'src/request-heads.ts',
  ],
  'src/request-heads.ts': [
    'src/connections.ts',
    'src/growing-bytes.ts',
    'src/rate-limiter.ts',
    'src/request-guard.ts',
    'src/tls-limit.ts',
  ],
  'src/plain-request.ts': ['src/request-guard.ts'],
  'src/socket-limits.ts': ['src/socket-options.ts'],
  'src/socket-options.ts': ['src/ffi.ts'],
  'src/request-listener.ts': ['src/pages/'],
  'src/server-certificate.ts': ['src/follow-file.ts'],
  'src/acceptor.ts': [],
  'src/connections.ts': [
    'src/acceptor.ts',
    'src/fair-limit.ts',
    'src/flood-filter.ts',
    'src/orphans.ts',
    'src/rate-limiter.ts',
  ],
  'src/flood-filter.ts': ['src/drop-packets.ts', 'src/socket-options.ts'],
  'src/drop-packets.ts': ['src/socket-options.ts'],
  'src/orphans.ts': [],
  'src/fair-limit.ts': [],
  'src/rate-limiter.ts': [],
  'src/request-guard.ts': [],
  'src/pages/': [
    'src/pages/',
    'src/connections.ts',
    'src/fair-limit.ts',
    'src/follow-file.ts',
    'src/seconds.ts',
    'src/verdict/',
    'src/cluster/model.ts',
    'src/cluster-text/',
  ],

  'exporters/': ['exporters/'],
};

/** Which files may import a package. The first match counts; without one, all files may. */
const IMPORTED_BY: readonly (readonly [packages: RegExp, by: readonly string[]])[] = [
  [/^@opentelemetry\/api$/, ['src/', 'exporters/']],
  [/^@opentelemetry\//, ['exporters/']],
  [/^@kubernetes\/client-node(\/|$)/, ['src/kubernetes/']],
  [/^js-yaml$/, ['src/kubernetes/']],
  [/^koa$/, ['src/request-listener.ts', 'src/pages/']],
  // A server can make it abort the process (docs/threats.md).
  [/^node:http2$/, []],
];

function isIn(places: readonly string[], path: string): boolean {
  return places.some((place) => (place.endsWith('/') ? path.startsWith(place) : path === place));
}

function isOurs(name: string): boolean {
  return /^(src|exporters|lab|bench|test|package\.json)(\/|$)/.test(name);
}

function reported(imports: readonly Import[]): string[] {
  return imports.map(({ file, imported }) => `${file} must not import ${imported}`);
}

test('importsOf() reads every form of an import', () => {
  const source = `
import type { A } from './a.ts';
import b, {
  type C,
  d as e,
} from './b.ts';
import * as f from 'f';
import './side-effect.ts';
import json from '../package.json' with { type: 'json' };
export { g } from './g.ts';
export * from './h.ts';
export const text = "from './not-imported.ts'";
type I = import('./i.ts').I;
const j = await import('./j.ts');
`;
  expect(importsOf(source)).toEqual([
    './a.ts',
    './b.ts',
    'f',
    './side-effect.ts',
    '../package.json',
    './g.ts',
    './h.ts',
    './i.ts',
    './j.ts',
  ]);
});

test('every file of src/ and exporters/ is in the table of imports', () => {
  const files = filesIn('src', 'exporters');
  expect(files).toContain('src/probes/http.ts');
  expect(files.filter((file) => !isIn(Object.keys(MAY_IMPORT), file))).toEqual([]);
});

test('src/ and exporters/ import only those of the project’s files that the table allows', () => {
  const wrong = importsIn('src', 'exporters').filter(({ file, imported }) => {
    const rows = Object.entries(MAY_IMPORT).filter(([part]) => isIn([part], file));
    const allowed = rows.flatMap(([, may]) => may);
    if (file.startsWith('src/'))
      allowed.push('src/model.ts', 'src/printable.ts', 'src/url-host.ts');
    return isOurs(imported) && !isIn(allowed, imported);
  });
  expect(reported(wrong)).toEqual([]);
});

test('src/model.ts imports nothing', () => {
  expect(reported(importsIn('src').filter(({ file }) => file === 'src/model.ts'))).toEqual([]);
});

test('src/ and exporters/ import packages only where the table allows it', () => {
  const wrong = importsIn('src', 'exporters').filter(({ file, imported }) => {
    const [, by] = IMPORTED_BY.find(([packages]) => packages.test(imported)) ?? [];
    return by !== undefined && !isIn(by, file);
  });
  expect(reported(wrong)).toEqual([]);
});

test('nothing imports src/main.ts', () => {
  const wrong = importsIn('src', 'exporters', 'lab', 'bench', 'test').filter(
    ({ imported }) => imported === 'src/main.ts',
  );
  expect(reported(wrong)).toEqual([]);
});
