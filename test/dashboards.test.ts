import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { DASHBOARDS } from '../deploy/monitoring/dashboards/dashboards.ts';
import { dashboardJson, type Json } from '../deploy/monitoring/dashboards/grafana.ts';
import { METRIC_NAMES } from '../src/metrics.ts';

type Panel = Readonly<{
  id: number;
  type: string;
  title: string;
  description?: string;
  gridPos: Readonly<{ x: number; y: number; w: number; h: number }>;
  datasource?: Json;
  targets?: readonly Readonly<{ expr: string; datasource: Json }>[];
  fieldConfig?: Readonly<{ defaults: Readonly<{ unit?: string }> }>;
}>;

type Dashboard = Readonly<{
  uid: string;
  tags: readonly string[];
  schemaVersion: number;
  panels: readonly Panel[];
  templating: Readonly<{ list: readonly Readonly<{ type: string; datasource?: Json }>[] }>;
}>;

const FILES = new URL('../deploy/helm/kubenurse/files/dashboards/', import.meta.url);

const FROM_VARIABLE = { type: 'prometheus', uid: `\${datasource}` };

const read = DASHBOARDS.map(({ uid }) => {
  const text = readFileSync(new URL(`${uid}.json`, FILES), 'utf8');
  return [uid, JSON.parse(text) as Dashboard] as const;
});

test.each(DASHBOARDS)('$uid is what dashboards/write.ts writes', (dashboard) => {
  const written = read.find(([uid]) => uid === dashboard.uid)?.[1];
  expect(written).toEqual(dashboardJson(dashboard));
});

test.each(read)('%s has a description and a unit on every panel', (_, { panels }) => {
  for (const { type, title, description, fieldConfig } of panels) {
    if (type === 'row') continue;
    expect(description, title).toMatch(/.{40,}\.$/s);
    expect(fieldConfig?.defaults.unit, title).toBeTruthy();
  }
});

test.each(read)('%s queries only the selected data source', (_, dashboard) => {
  for (const { type, datasource } of dashboard.templating.list) {
    if (type === 'query') expect(datasource).toEqual(FROM_VARIABLE);
  }
  for (const { type, title, datasource, targets = [] } of dashboard.panels) {
    if (type === 'row') continue;
    expect(targets, title).not.toEqual([]);
    for (const each of [datasource, ...targets.map((target) => target.datasource)]) {
      expect(each, title).toEqual(FROM_VARIABLE);
    }
  }
});

test.each(read)(
  '%s queries only the selected probes, each over the rate interval',
  (_, { panels }) => {
    const metrics = new RegExp(
      `\\b(${METRIC_NAMES.join('|')})(_bucket|_sum|_count)?(.{0,40})`,
      'g',
    );
    for (const { expr } of panels.flatMap(({ targets = [] }) => targets)) {
      const uses = [...expr.matchAll(metrics)];
      expect(uses, expr).not.toEqual([]);
      for (const [use] of uses) expect(use, expr).toContain('{cluster="$cluster", job="$job"');
      expect(expr).not.toMatch(/\[(?!\$__rate_interval\])/);
    }
  },
);

test.each(read)('%s gives every panel its own ID and place', (_, { panels }) => {
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, index) => `${x + (index % w)} ${y + Math.floor(index / w)}`),
  );
  expect(new Set(cells).size).toBe(cells.length);
  expect(panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true);
});

test.each(read)('%s links only to existing dashboards', (_, dashboard) => {
  expect(dashboard.tags).toEqual(['kubenurse']);
  const uids = DASHBOARDS.map(({ uid }) => uid);
  for (const [, uid] of JSON.stringify(dashboard).matchAll(/"\/d\/([^?"]+)/g)) {
    expect(uids).toContain(uid);
  }
  expect(dashboard).toHaveProperty('links', [
    expect.objectContaining({ type: 'dashboards', tags: dashboard.tags, includeVars: true }),
  ]);
});
