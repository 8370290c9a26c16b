import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadYaml } from '@kubernetes/client-node';
import { expect, test } from 'vitest';
import {
  readChartFile,
  readmeWith,
  readValues,
  schemaWith,
  type Value,
} from '../deploy/helm/document.ts';
import packageJson from '../package.json' with { type: 'json' };
import { VARIABLES } from '../src/config/variables.ts';

type Schema = { $ref?: string; properties?: Record<string, Schema> };

const DEPLOY = join(import.meta.dirname, '../deploy');

const values = readValues();
const schema = JSON.parse(readChartFile('values.schema.json').text) as Schema;

/** The keys for which the schema has an entry, but those within objects of Kubernetes. */
function keysOf({ properties = {} }: Schema, path: readonly string[] = []): string[] {
  return Object.entries(properties).flatMap(([name, part]) => {
    const key = [...path, name];
    return [key.join('.'), ...(isKey(key.join('.')) ? keysOf(part, key) : [])];
  });
}

function isKey(key: string): boolean {
  return values.some((value: Value) => value.key === key && value.fallback === '');
}

test('the chart’s README has the table that document.ts makes of values.yaml', () => {
  const { text } = readChartFile('README.md');
  expect(text).toBe(readmeWith(values, text));
});

test('the chart’s schema has the keys of values.yaml, described by their comments', () => {
  expect(schema).toEqual(schemaWith(values, schema));
  const known = values.map(({ key }) => key);
  expect(keysOf(schema).filter((key) => !known.includes(key))).toEqual(['global']);
});

test('the chart has a value for every setting of the program', () => {
  const text = readChartFile('values.yaml').text;
  const byOthers = /^(KUBERNETES_SERVICE_(HOST|PORT)|POD_|NODE_NAME|KUBENURSE_NAMESPACE|OTEL_)/;
  // What only extraEnv is for.
  const rare = ['KUBENURSE_LISTEN_ADDRESS', 'KUBENURSE_RESOLV_CONF'];
  const settings = Object.keys(VARIABLES).filter((name) => !byOthers.test(name));
  expect(settings.filter((name) => !text.includes(`\`${name}\``))).toEqual(rare);
});

test('the chart is of the program’s version', () => {
  const chart = loadYaml(readChartFile('Chart.yaml').text);
  expect(chart).toMatchObject({ version: packageJson.version, appVersion: packageJson.version });
});

test('the chart has the rules and dashboards of deploy/monitoring', () => {
  const dashboards = readdirSync(join(DEPLOY, 'monitoring/dashboards'))
    .filter((name) => name.endsWith('.json'))
    .map((name) => `dashboards/${name}`);
  const copies = readdirSync(join(DEPLOY, 'helm/kubenurse/files/dashboards'));
  expect(copies.map((name) => `dashboards/${name}`)).toEqual(dashboards);
  for (const file of ['rules.yaml', ...dashboards]) {
    const original = readFileSync(join(DEPLOY, 'monitoring', file), 'utf8');
    expect(readChartFile(`files/${file}`).text, file).toBe(original);
  }
});
