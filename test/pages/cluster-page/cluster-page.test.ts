import { expect, test } from 'vitest';
import { documentOf, partsSteps } from '../../../src/pages/cluster-page/layout.ts';
import { clusterPage } from '../../../src/pages/cluster-page/page.ts';
import type { ClusterView } from '../../../src/verdict/report.ts';
import { finish } from '../../../src/verdict/steps.ts';
import { verdict } from '../../../src/verdict/verdict.ts';
import { fetchPage, servePages } from '../../support/served-pages.ts';
import { withCertificates } from '../../verdict/certificates.ts';
import { type Broken, NOW, smallView } from '../../verdict/small-view.ts';
import { hostile, simulated, withHours } from './simulated.ts';

const RUNBOOKS = 'https://example.com/kubenurse/docs/runbooks/';

function render(view: ClusterView, node?: string): string {
  const parts = finish(partsSteps({ view, findings: verdict(view) }, RUNBOOKS));
  return documentOf(parts, { node, now: NOW + 4 });
}

function page(broken: Broken, node?: string): string {
  return render(smallView(broken), node);
}

/** The text of the first element that matches, without markup. */
function textOf(markup: string, pattern: RegExp): string {
  const [found = ''] = pattern.exec(markup) ?? [];
  const words = found.replaceAll(/<[^>]*>/g, ' ').replaceAll(/\s+/g, ' ');
  return words.replaceAll(/ ([,.](?: |$))/g, '$1').trim();
}

function tile(markup: string, title: string): string {
  const tiles = markup.match(/<li class="tile [\s\S]*?<\/li>/g) ?? [];
  return textOf(tiles.find((each) => each.includes(`> ${title}</h3>`)) ?? '', /[\s\S]*/);
}

test('the page begins with the verdict: what is at fault, since when, by how many witnesses', () => {
  const markup = page({ silent: { 'node-2': 'refused' } });
  expect(markup).toContain('<title>kubenurse on node-2 does not run');
  const finding = textOf(markup, /<article class="finding fail"[\s\S]*?<\/article>/);
  expect(finding).toMatch(/^✕ kubenurse on node-2 does not run.* since 11:59:00 UTC, for 1 min/);
  expect(finding).toMatch(/2 of 2 witnesses cause: refused Runbook Checks of node-2/);
  expect(markup).toContain(`href="${RUNBOOKS}KubenurseNodeUnreachable.md"`);
  expect(markup.indexOf('class="finding')).toBeLessThan(markup.indexOf('class="tiles"'));
});

test('the page of a healthy cluster reports that everything works, and what is checked', () => {
  const markup = page({});
  const finding = textOf(markup, /<article class="finding ok"[\s\S]*?<\/article>/);
  expect(finding).toMatch(/^✓ Everything works\. 3 of 3 nodes reported/);
  expect(finding).toMatch(
    /6 paths between nodes, api_server_direct, api_server_dns, me_ingress and me_service/,
  );
});

test('a pod that does not follow its neighbours claims nothing about other nodes', () => {
  const view = smallView({ nodes: { 'node-1': '' } });
  const reports = view.reports.map((report) => ({
    ...report,
    neighbourhood: { state: 'skipped', listedAt: null },
  }));
  expect(render({ ...view, reports })).toContain('<title>Everything works from this pod</title>');
});

test('certificates that expire soon are listed, those within three days as urgent', () => {
  const pattern = /<section aria-labelledby="certificates"[\s\S]*?<\/section>/;
  const view = withCertificates(smallView({}), {
    'node-1': { me_ingress: NOW + 9 * 86_400, api_server_dns: NOW - 3_600 },
  });
  expect(textOf(render(view), pattern)).toBe(
    'Certificates ' +
      '✕ api_server_dns: the certificate expired 1 h ago, at 11:00 UTC (1 node). ' +
      '▲ me_ingress: the certificate expires in 9 d, at 2026-12-07 12:00 UTC (1 node). Runbook',
  );
  expect(page({})).not.toMatch(pattern);
});

test('a suspect is shown with both of its nodes, and in no share', () => {
  const view = smallView({ failing: { 'node-1 → node-2': 'refused' } });
  const reports = view.reports.map((report) => ({
    ...report,
    checks: report.checks.map((check) =>
      check.state === 'failing' ? { ...check, suspect: true as const } : check,
    ),
  }));
  for (const node of ['node-1', 'node-2']) {
    const detail = textOf(render({ ...view, reports }, node), /<section id="node"[\s\S]*/);
    expect(detail).toMatch(/Suspects: 1 of 1 check failing .* node-1 → node-2 ✕ refused/);
    expect(detail).toMatch(/Nodes that check node-[12]: [12] checks? /);
  }
});

/** A cluster in which only a suspect fails, from the first node to another one. */
function withSuspect(size: number): [view: ClusterView, from: string, to: string] {
  const { view } = simulated(size, 2, []);
  const [report, ...others] = view.reports;
  const checked = new Set(report?.checks.map(({ node }) => node));
  const to = others.find(({ node }) => !checked.has(node))?.node ?? '';
  const path = report?.checks.find(({ kind }) => kind === 'path');
  if (report === undefined || path === undefined) throw new Error('no path');
  const suspect = {
    ...path,
    type: `path_${to}`,
    node: to,
    suspect: true as const,
    state: 'failing' as const,
    consecutive: 9,
    cause: 'refused' as const,
    text: 'refused by the suspect',
  };
  const reports = [{ ...report, checks: [...report.checks, suspect] }, ...others];
  return [{ ...view, reports }, report.node, to];
}

test('the failing pair that the verdict names is in the matrix even if it is a suspect', () => {
  const [view, from, to] = withSuspect(50);
  const markup = render(view);
  expect(markup).toContain(`<title>The path from ${from} to ${to} is broken`);
  expect(markup.match(/<td class="fail" title="[^"]*">/g)).toEqual([
    '<td class="fail" title="refused by the suspect">',
  ]);
});

test('above 100 nodes a failing suspect is named next to its zones and its node', () => {
  const [view, from, to] = withSuspect(200);
  const markup = render(view);
  expect(textOf(markup, /<table class="matrix wide zones"[\s\S]*?<\/table>/)).toMatch(
    /▲ [\d,]+ ok, 1 suspect fails/,
  );
  const row = textOf(markup, new RegExp(`<tr><th scope="row">.*>${from}</a>.*</tr>`));
  expect(row).toContain(`0 of 10, and ${to}`);
});

test('each name server that is checked has a tile, and a row in the last hour', () => {
  const failing = { '* dns_10.0.0.1': 'dns', '* dns_tcp_10.0.0.1': 'dns' } as const;
  const view = withHours(smallView({ nameServers: ['10.0.0.1', '10.0.0.2'], failing }));
  const markup = render(view);
  expect(tile(markup, 'dns_10.0.0.1')).toMatch(/^. dns_10\.0\.0\.1 fails on 3 nodes for 1 min$/);
  expect(tile(markup, 'dns_tcp_10.0.0.1')).toMatch(/explained by the finding \(dns_10\.0\.0\.1\),/);
  expect(tile(markup, 'dns_10.0.0.2')).toMatch(/ok on all 3 nodes/);
  expect(tile(markup, 'DNS')).toMatch(/ok on all 3 nodes/);
  expect(textOf(markup, /<tr><th scope="row">Name servers[\s\S]*?<\/tr>/)).toMatch(/Name servers/);
});

test('the page of a pod that is cut off reports this first, and shows no component as ok', () => {
  const failing = Object.fromEntries(
    ['api_server_direct', 'api_server_dns', 'me_ingress', 'me_service'].map((type) => [
      `node-1 ${type}`,
      type === 'api_server_direct' ? ('unreachable' as const) : ('dns' as const),
    ]),
  );
  const silent = { 'node-2': 'unreachable', 'node-3': 'unreachable' } as const;
  const markup = page({ silent, failing });
  expect(markup).toContain('<title>This pod, on node-1, reaches no other pod (0 of 2)');
  expect(markup).not.toMatch(/class="tile ok"/);
});

test('a tile for each component shows where it fails, and what explains it', () => {
  const names = ['* api_server_dns', '* me_ingress', '* me_service'];
  const markup = page({ failing: Object.fromEntries(names.map((each) => [each, 'dns' as const])) });
  expect(tile(markup, 'API server')).toBe(
    '✓ API server ok on all 3 nodes median 1.0 ms, slowest node 1.0 ms',
  );
  expect(tile(markup, 'DNS')).toBe('✕ DNS fails on 3 nodes for 1 min');
  expect(tile(markup, 'Service')).toBe(
    '▲ Service fails on 3 nodes explained by the finding (DNS), for 1 min',
  );
});

test('a tile names the node whose finding explains it, so that nobody has to count findings', () => {
  const nodes = { 'node-1': '', 'node-2': '', 'node-3': '', 'node-4': '', 'node-5': '' };
  const fails = ['api_server_direct', 'me_service', '→ node-1', '→ node-2', '→ node-4'];
  const failing = Object.fromEntries([
    ...fails.map((each) => [`node-3 ${each}`, 'unreachable']),
    ['node-3 api_server_dns', 'dns'],
  ]);
  const markup = page({ nodes, failing, silent: { 'node-5': 'refused' } });
  expect(tile(markup, 'DNS')).toMatch(/ explained by finding 2 \( node-3 \), for 1 min$/);
  expect(tile(markup, 'Service')).toMatch(/ explained by finding 2 \( node-3 \), for 1 min$/);
  expect(markup).toContain('explained by finding 2 (<a href="?node=node-3#node">node-3</a>)');
});

test('a tile of what is not checked reports this', () => {
  const view = smallView({});
  const reports = view.reports.map((report) => ({
    ...report,
    checks: report.checks.filter(({ type }) => type !== 'me_ingress'),
  }));
  expect(tile(render({ ...view, reports }), 'Ingress')).toBe('– Ingress not checked');
});

test('the matrix has the round trip, the cause of a failure, and nothing where nothing is checked', () => {
  const { view } = simulated(5, 1, [
    { kind: 'path', from: 'node-1', to: 'node-3', bothWays: false, age: 60 },
  ]);
  const reports = view.reports.map((report) => ({
    ...report,
    checks: report.checks.filter(({ type }) => type !== 'path_node-5'),
  }));
  const row = textOf(
    render({ ...view, reports }),
    /<th scope="row" class="node warn"><a href="\?node=node-1#node"[\s\S]*?<\/tr>/,
  );
  expect(row).toMatch(/^▲ node-1 ✓ 0\.\d+ ms ✕ unreachable ✓ 0\.\d+ ms$/);
});

test('up to 100 nodes there is a square for each pair, grouped by zone, without a latency', () => {
  const { view } = simulated(50, 3, [{ kind: 'gone', node: 'node-7', cause: 'refused', age: 60 }]);
  const markup = render(view);
  expect(markup.match(/<th scope="rowgroup"/g)).toHaveLength(3);
  const checks = view.reports.flatMap((report) => report.checks);
  const failing = checks.filter(({ type, state }) => type === 'path_node-7' && state === 'failing');
  expect(failing.filter(({ suspect }) => !suspect)).toHaveLength(10);
  expect(markup.match(/<td class="fail"/g)).toHaveLength(failing.length);
  expect(markup.match(/<td class="ok">✓(?=<)/g)?.length).toBeGreaterThan(450);
  expect(textOf(markup, /<th scope="row" class="node fail">[\s\S]*?<\/tr>/)).toBe(
    '✕ node-7 no report: fetching: refused',
  );
});

test('above 100 nodes there are zones, a tile for each node, and the worst twenty, under 300 KB', () => {
  const { view } = simulated(1_000, 3, [
    { kind: 'gone', node: 'node-573', cause: 'refused', age: 300 },
  ]);
  const markup = render(view, 'node-573');
  expect(Buffer.byteLength(markup)).toBeLessThan(300_000);
  expect(
    markup.match(/<a class="(ok|fail)" href="\?node=node-\d+#node" tabindex="-1" title=/g),
  ).toHaveLength(1_000);
  expect(textOf(markup, /<h3 id="worst">[\s\S]*?<\/tr>\n/)).toMatch(
    /✕ node-573 c 10 of 10 no report/,
  );
  expect(textOf(markup, /<table class="matrix wide zones">[\s\S]*?<\/table>/)).toMatch(
    /4 of 1,\d+ fail/,
  );
});

test('long names keep the page of 1,000 nodes under 300 KB', () => {
  const { view } = simulated(1_000, 3, []);
  const long = (name: string) => `${name}.${'x'.repeat(30)}.eu-central-1.compute.internal`;
  const text = JSON.stringify(view).replaceAll(
    /"((?:path_)?node-\d+)"/g,
    (_, name) => `"${long(name)}"`,
  );
  const markup = render(JSON.parse(text));
  expect(markup).toContain(long('node-1'));
  expect(Buffer.byteLength(markup)).toBeLessThan(300_000);
});

test('a chosen node shows who checks it, whom it checks, and its own checks', () => {
  const markup = page({ failing: { 'node-2 → node-1': 'mtu' } }, 'node-1');
  const detail = textOf(markup, /<section id="node"[\s\S]*?<\/section>/);
  expect(detail).toContain('Pod pod-of-node-1, version 0.1.0, up for 1 d.');
  expect(detail).toMatch(
    /Nodes that check node-1: 1 of 2 checks failing .*? node-2 ✕ mtu the text of mtu 1 min .*? node-3 ✓ ok/,
  );
  expect(detail).toMatch(/What node-1 checks: 6 checks .*? api_server_direct ✓ ok .*? node-2 ✓ ok/);
  expect(page({})).not.toContain('<section id="node"');
});

test('at most twenty of the suspects of a chosen node that is down are listed', () => {
  const { view } = simulated(200, 1, [
    { kind: 'gone', node: 'node-7', cause: 'unreachable', age: 600 },
  ]);
  const section = textOf(render(view, 'node-7'), /<section id="node"[\s\S]*?<\/section>/);
  const suspects = section.slice(section.indexOf('Suspects:'));
  expect(suspects.match(/ → node-7 /g)).toHaveLength(20);
  expect(suspects).toMatch(/20 of \d+, failing ones first\.$/);
});

test('a node that does not exist is reported as such, and similar names are offered', () => {
  const detail = textOf(page({}, 'ode-2'), /<section id="node"[\s\S]*?<\/section>/);
  expect(detail).toBe('Close No node is named “ode-2” ✓ node-2');
});

test('the last hour also describes in words what its bars show', () => {
  const { view } = simulated(12, 1, [
    {
      kind: 'ingress',
      cause: 'tls',
      where: 'cluster',
      nodes: new Set(['node-1', 'node-2', 'node-3']),
      age: 600,
    },
  ]);
  const row = textOf(render(view), /<tr><th scope="row">Ingress[\s\S]*?<\/tr>/);
  expect(row).toMatch(/^Ingress \d+ of 8,\d+ \d\d% at 1\d:\d\d UTC; from 11:50 UTC on$/);
});

test('names and texts from the network have no effect', () => {
  for (const node of [undefined, hostile.node, '"><img src=x onerror=alert(1)>']) {
    const markup = render(hostile.view(), node);
    expect(markup).not.toMatch(/<(img|iframe)\b/);
    expect(markup.match(/<script/g)).toHaveLength(1);
    expect(markup).not.toContain('\u202e');
  }
});

test('the page is served with a strict policy, and not stored', async () => {
  const cluster = simulated(5, 1, []);
  const { port } = await servePages({
    '/cluster': clusterPage(
      async () => cluster,
      RUNBOOKS,
      async (steps) => finish(steps),
    ),
  });
  const { status, headers, body } = await fetchPage(port, '/cluster?node=node-2');
  expect(status).toBe(200);
  expect(headers).toMatchObject({
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': expect.stringMatching(
      /^default-src 'none'; style-src 'sha256-[^ ;']{44}'; script-src 'sha256-[^ ;']{44}'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'$/,
    ),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
  });
  expect(body).toContain('<section id="node"');
  // Relative, so that it works behind any proxy, and without `style` attributes, which the policy
  // forbids.
  expect(body).not.toMatch(/(href|src|action)="\/|style=/);
});
