import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { failure } from '../src/probes/failure.ts';
import type { Phase } from '../src/probes/phases.ts';

const ROOT = join(import.meta.dirname, '..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

const DOCUMENTS = ['README.md', ...globSync('docs/**/*.md', { cwd: ROOT })].map(read).join('\n');
const SOURCE = globSync(['src/**/*.ts', 'exporters/**/*.ts'], { cwd: ROOT }).map(read).join('\n');

/** Distinct quotes of this form in the documents: the pattern's first group, or the whole match. */
function quotes(pattern: RegExp): string[] {
  return [...new Set([...DOCUMENTS.matchAll(pattern)].map(([all, text]) => text ?? all))];
}

/** The error of a check whose attempt failed in this phase with this system error. */
function errorText(phase: Phase, code: string): string {
  const error = Object.assign(new Error(code), { code });
  const url = new URL('http://10.0.2.7:8080/');
  return failure({ phase, url, error, tcp: undefined, peer: undefined }).error.message;
}

test('every error text that the documents quote is one that a check reports', () => {
  const quoted = quotes(/[a-z][a-z ]+ \(E[A-Z]+\)/g);
  expect(quoted.length).toBeGreaterThan(2);
  for (const text of quoted) {
    const [, code = ''] = /\((E[A-Z]+)\)/.exec(text) ?? [];
    const reported = [errorText('resolve', code), errorText('connect', code)];
    expect(reported.map((error) => error.split(': ').at(-1))).toContain(text);
  }
});

test('every log message and timeout that the documents quote is in the source', () => {
  const messages = quotes(/"msg":"([^"]+)"/g);
  expect(messages.length).toBeGreaterThan(1);
  expect(messages.filter((message) => !SOURCE.includes(`'${message}'`))).toEqual([]);
  const timeouts = quotes(/`([a-z ]+ within) \d+ s`/g);
  expect(timeouts.length).toBeGreaterThan(0);
  expect(timeouts.filter((text) => !SOURCE.includes(`\`${text} \${`))).toEqual([]);
});
