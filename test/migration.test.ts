import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readChartFile } from '../deploy/helm/document.ts';
import packageJson from '../package.json' with { type: 'json' };
import { VARIABLES } from '../src/config/variables.ts';
import { METRIC_NAMES } from '../src/metrics.ts';

const DOCS = join(import.meta.dirname, '../docs');
const page = readFileSync(join(DOCS, 'migration.md'), 'utf8');

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

test('docs/migration.md has only links that lead somewhere', () => {
  const links = [...page.matchAll(/\]\((?!https:)([^)#]*)#?([^)]*)\)/g)];
  expect(links.length).toBeGreaterThan(5);
  for (const [link, file = '', anchor = ''] of links) {
    const path = join(DOCS, file === '' ? 'migration.md' : file);
    expect(existsSync(path), link).toBe(true);
    if (anchor !== '') expect(anchorsOf(readFileSync(path, 'utf8')), link).toContain(anchor);
  }
});

test('docs/migration.md names the variables, metrics and version that there are', () => {
  const variables = page.match(/\b(KUBENURSE|KUBERNETES|OTEL)_[A-Z_]+\b/g) ?? [];
  const upstreamOnly = ['KUBENURSE_VICTORIAMETRICS_HISTOGRAM'];
  const unknown = variables.filter((name) => !(name in VARIABLES) && !upstreamOnly.includes(name));
  expect(unknown).toEqual([]);
  const metrics = page.match(/\bkubenurse_\w+[^_\W]\b/g) ?? [];
  expect(metrics.filter((name) => !METRIC_NAMES.includes(name))).toEqual([]);
  const versions = [...page.matchAll(/ghcr\.io\/kubenurse-otel\/kubenurse:([\d.]+\d)/g)];
  expect(versions.map(([, version]) => version)).toEqual([packageJson.version]);
});

test('docs/migration.md names the keys of upstream’s other charts that the chart refuses', () => {
  const { text } = readChartFile('templates/_mistakes.tpl');
  const keys = [...text.matchAll(/hasKey \.(\w*) "(\w+)"/g)].map(([, section, key]) =>
    section ? `${section}.${key}` : key,
  );
  expect(keys).toHaveLength(6);
  for (const key of keys) expect(page).toContain(`\`${key}\``);
});
