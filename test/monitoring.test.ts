import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadYaml } from '@kubernetes/client-node';
import { expect, test } from 'vitest';
import { RELEASE } from '../deploy/release/names.ts';
import { METRIC_NAMES } from '../src/metrics.ts';

type Rule = {
  alert?: string;
  record?: string;
  expr: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
};
type Rules = { groups: { name: string; rules: Rule[] }[] };
type Relabeling = Record<string, unknown>;
type Endpoint = { port: string; relabelings: Relabeling[]; metricRelabelings: Relabeling[] };
type Monitor = { spec: { podMetricsEndpoints?: [Endpoint]; endpoints?: [Endpoint] } };
type ScrapeConfiguration = {
  scrape_configs: [{ relabel_configs: Relabeling[]; metric_relabel_configs: Relabeling[] }];
};
type Inhibition = { source_matchers: string[]; target_matchers: string[] };

const ROOT = join(import.meta.dirname, '..');
const RUNBOOKS = `${RELEASE.repository}/blob/main/docs/runbooks`;

const SHIPPED = 'deploy/helm/kubenurse/files';

const { spec } = read<{ spec: Rules }>(`${SHIPPED}/prometheus-rule.yaml`);
const rules = spec.groups.flatMap(({ rules }) => rules);
const alerts = rules.filter(({ alert }) => alert !== undefined);
const alertNames = [...new Set(alerts.map(({ alert }) => `${alert}`))];

function read<Content>(file: string): Content {
  return loadYaml<Content>(readFileSync(join(ROOT, file), 'utf8'));
}

test('every alert has a page in docs/runbooks, and every page has its alert', () => {
  const pages = readdirSync(join(ROOT, 'docs/runbooks')).map((file) => file.replace(/\.md$/, ''));
  expect(pages.toSorted()).toEqual(alertNames.toSorted());
  for (const name of pages) {
    const text = readFileSync(join(ROOT, 'docs/runbooks', `${name}.md`), 'utf8');
    expect(text).toMatch(new RegExp(`^# ${name}\n`));
  }
});

test.each(alerts)('$alert has a summary, a severity and a runbook', (rule) => {
  const { alert, labels, annotations } = rule;
  expect(alert).toMatch(/^Kubenurse[A-Z]\w+$/);
  expect(labels?.severity).toMatch(/^(critical|warning|info)$/);
  expect(annotations).toEqual({
    summary: expect.stringMatching(/\w/),
    description: expect.stringMatching(/\w/),
    runbook_url: `${RUNBOOKS}/${alert}.md`,
  });
});

test('the rules and the runbooks name only existing metrics, records and pages', () => {
  const records = rules.flatMap(({ record }) => record ?? []);
  const known = new Set([...METRIC_NAMES, ...records, ...alertNames.map((name) => `(${name}.md)`)]);
  const pages = alertNames.map((name) => `docs/runbooks/${name}.md`);
  for (const file of [...pages, `${SHIPPED}/prometheus-rule.yaml`]) {
    const text = readFileSync(join(ROOT, file), 'utf8');
    const names = text.match(/\bkubenurse:\w+:\w+|\bkubenurse_\w+|\(\w+\.md\)/g) ?? [];
    const unknown = names
      .map((name) => (known.has(name) ? name : name.replace(/_(bucket|count|sum)$/, '')))
      .filter((name) => !known.has(name));
    expect({ file, unknown }).toEqual({ file, unknown: [] });
  }
});

test('each matcher of the inhibition matches an alert', () => {
  const { inhibit_rules: inhibitions } = read<{ inhibit_rules: Inhibition[] }>(
    'deploy/monitoring/alertmanager-inhibition.yaml',
  );
  const patterns = inhibitions
    .flatMap(({ source_matchers, target_matchers }) => [...source_matchers, ...target_matchers])
    .filter((matcher) => !matcher.startsWith('direction'))
    .map((matcher) => /^alertname =~? "?(.+?)"?$/.exec(matcher)?.[1] ?? matcher)
    .flatMap((pattern) => pattern.split(/\|(?![^(]*\))/));
  const idle = patterns.filter(
    (pattern) => !alertNames.some((name) => new RegExp(`^(?:${pattern})$`).test(name)),
  );
  expect(idle).toEqual([]);
});

/** In Prometheus's own spelling. */
function inSnakeCase(relabeling: Relabeling): Relabeling {
  return Object.fromEntries(
    Object.entries(relabeling).map(([key, value]) => [
      key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      value,
    ]),
  );
}

test.each(['pod-monitor.yaml', 'service-monitor.yaml'])(
  '%s sets the same labels as otel-collector/scrape',
  (file) => {
    const [scrape] = read<ScrapeConfiguration>(
      'otel-collector/scrape/prometheus.yml',
    ).scrape_configs;
    const { podMetricsEndpoints, endpoints } = read<Monitor>(`deploy/monitoring/${file}`).spec;
    const [endpoint] = podMetricsEndpoints ?? endpoints ?? [];
    const labels = endpoint?.relabelings.map(inSnakeCase);
    // `cluster` is for users of several, and the rest selects targets, which is the operator's job.
    const shared = scrape.relabel_configs.filter(({ target_label: label }) =>
      ['node', 'pod', 'namespace'].includes(`${label}`),
    );
    expect(shared).toHaveLength(3);
    expect(labels).toEqual(expect.arrayContaining(shared));
    expect(endpoint?.metricRelabelings.map(inSnakeCase)).toEqual(scrape.metric_relabel_configs);
  },
);

test('pod-monitor.yaml sets the same job as a push', () => {
  const { podMetricsEndpoints } = read<Monitor>('deploy/monitoring/pod-monitor.yaml').spec;
  expect(podMetricsEndpoints?.[0].relabelings).toContainEqual({
    targetLabel: 'job',
    replacement: 'kubenurse',
  });
});

test('service-monitor.yaml keeps the labels that upstream’s sets: job, service, endpoint, container', () => {
  const { endpoints } = read<Monitor>('deploy/monitoring/service-monitor.yaml').spec;
  for (const { action, targetLabel } of endpoints?.[0].relabelings ?? []) {
    expect(action).toBeUndefined();
    expect(['job', 'service', 'endpoint', 'container']).not.toContain(targetLabel);
  }
});

test('no rule and no dashboard depends on a label that only one kind of monitor sets, or on the name of the job', () => {
  const dashboards = readdirSync(join(ROOT, SHIPPED, 'dashboards'));
  const files = ['prometheus-rule.yaml', ...dashboards.map((file) => `dashboards/${file}`)];
  for (const file of files) {
    const text = readFileSync(join(ROOT, SHIPPED, file), 'utf8').replaceAll('\\"', '"');
    expect({
      file,
      found: text.match(/job="kubenurse"|\b(service|endpoint|container)\s*(=|!)/g),
    }).toEqual({
      file,
      found: null,
    });
  }
});
