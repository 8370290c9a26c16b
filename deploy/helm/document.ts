import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const CHART = join(import.meta.dirname, 'kubenurse');

/** A key of values.yaml, its default as it stands there (empty for a section), and the comment above it. */
export type Value = Readonly<{ key: string; fallback: string; description: string }>;

type Schema = { description?: string; properties?: Record<string, Schema> };

/** A line of values.yaml: a comment, or a key with its default. */
const LINE = /^(?<indent> *)(?:# (?<text>.*)|(?<key>\w+):(?: (?<fallback>.*))?)$/;

/** The keys of the chart's values.yaml, each section before its keys. Throws at a key without a comment, unless it is a section. */
export function readValues(): Value[] {
  const values: Value[] = [];
  let section = '';
  let comment: string[] = [];
  for (const line of readFileSync(join(CHART, 'values.yaml'), 'utf8').split('\n')) {
    const { indent, text, key, fallback = '' } = LINE.exec(line)?.groups ?? {};
    if (text !== undefined) {
      comment.push(text);
      continue;
    }
    const description = comment.join(' ');
    comment = [];
    if (key === undefined) continue;
    const path = indent === '' ? key : `${section}.${key}`;
    if (fallback === '') section = key;
    else if (description === '') throw new Error(`${path} has no comment`);
    values.push({ key: path, fallback, description });
  }
  return values;
}

/** The rows of the README's table. */
function tableRows(values: readonly Value[]): string[] {
  return values
    .filter(({ fallback }) => fallback !== '')
    .map(({ key, fallback, description }) => {
      const shown = ['null', '""', '{}', '[]'].includes(fallback) ? '' : `\`${fallback}\``;
      return `| \`${key}\` | ${shown} | ${description.replaceAll('|', '\\|')} |`;
    });
}

/** The README with its table anew. */
export function readmeWith(values: readonly Value[], readme: string): string {
  const head = '| key | default | |\n|---|---|---|\n';
  const start = readme.indexOf(head) + head.length;
  const end = readme.indexOf('\n\n', start);
  return `${readme.slice(0, start)}${tableRows(values).join('\n')}${readme.slice(end)}`;
}

/** The schema with the descriptions anew. Throws when it lacks a key. */
export function schemaWith(values: readonly Value[], schema: Schema): Schema {
  const described = structuredClone(schema);
  for (const { key, description } of values) {
    let place: Schema | undefined = described;
    for (const name of key.split('.')) place = place?.properties?.[name];
    if (!place) throw new Error(`values.schema.json lacks ${key}`);
    if (description !== '') place.description = description;
  }
  return described;
}

/** The path of a file of the chart, and what it holds. */
export function readChartFile(name: string): { path: string; text: string } {
  const path = join(CHART, name);
  return { path, text: readFileSync(path, 'utf8') };
}

if (import.meta.main) {
  const values = readValues();
  const readme = readChartFile('README.md');
  writeFileSync(readme.path, readmeWith(values, readme.text));
  const schema = readChartFile('values.schema.json');
  const described = schemaWith(values, JSON.parse(schema.text));
  writeFileSync(schema.path, `${JSON.stringify(described, null, 2)}\n`);
}
