import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { loadExporter } from '../../exporters/load.ts';
import { exporterSettings } from '../support/exporter-settings.ts';
import { PLAIN_TLS } from '../support/plain-tls.ts';
import { EVERYTHING } from '../support/scraped-metrics.ts';
import { retiringReader } from './read-metrics.ts';

const REPOSITORY = join(import.meta.dirname, '../..');

/** A separate folder, until the test has finished. */
function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'exporters-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** The path of a module with this text. */
function moduleOf(text: string): string {
  const path = join(temporaryFolder(), 'exporter.mjs');
  writeFileSync(path, text);
  return path;
}

const context = {
  settings: exporterSettings(),
  environment: { MY_ENDPOINT: 'http://127.0.0.1/' },
  write: () => {},
  tls: PLAIN_TLS,
  streams: EVERYTHING,
  push: () => ({ reader: retiringReader() }),
};

describe('loadExporter()', () => {
  test.each(['prometheus', 'otlp', 'console'])('makes the built-in exporter %s', async (name) => {
    const exporter = await loadExporter(name, context);
    expect(exporter.scrape !== undefined).toBe(name === 'prometheus');
  });

  test('gives a module its context, and waits for what it creates', async () => {
    const path = moduleOf(
      'export const createExporter = async (context) => ({ ...context.push(), context });',
    );
    expect(await loadExporter(path, context)).toMatchObject({ context });
  });

  test.each<[string, string, string]>([
    ['does not parse', 'export const = 3;', 'Unexpected token'],
    ['throws as it is loaded', 'throw new Error("no tea");', 'no tea'],
    ['exports nothing', '', 'does not export a function createExporter'],
    [
      'has it as its default',
      'export default { createExporter() {} };',
      'does not export a function createExporter',
    ],
    [
      'exports something else',
      'export const createExporter = 3;',
      'does not export a function createExporter',
    ],
    ['throws', 'export function createExporter() { throw new Error("no tea"); }', 'no tea'],
    ['throws no error', 'export function createExporter() { throw "no tea"; }', 'no tea'],
    ['throws nothing', 'export function createExporter() { throw undefined; }', 'undefined'],
    ['rejects', 'export const createExporter = async () => { throw new Error("no tea"); };', 'tea'],
    ['returns nothing', 'export function createExporter() {}', 'return the result of push()'],
    ['returns null', 'export const createExporter = () => null;', 'return the result of push()'],
    ['returns a number', 'export const createExporter = () => 3;', 'return the result of push()'],
    [
      'returns what cannot be read',
      'export const createExporter = () => ({ reader: {} });',
      'return the result of push()',
    ],
  ])('names a module that %s', async (_, text, reason) => {
    const path = moduleOf(text);
    const rejected = expect(loadExporter(path, context)).rejects;
    await rejected.toThrow(`cannot use the exporter ${path}: `);
    await expect(loadExporter(path, context)).rejects.toThrow(reason);
  });

  test.each(['./no-such-exporter.mjs', '/no/such/exporter.mjs', 'no-such-exporter', 'toString'])(
    'names a module that does not exist: %s',
    async (name) => {
      await expect(loadExporter(name, context)).rejects.toThrow(
        `cannot use the exporter ${name}: `,
      );
    },
  );

  test('loads a package that is installed next to kubenurse', () => {
    // Node resolves a package from the location of the module that imports it.
    const root = temporaryFolder();
    mkdirSync(join(root, 'node_modules/@acme/tea'), { recursive: true });
    writeFileSync(
      join(root, 'node_modules/@acme/tea/package.json'),
      JSON.stringify({ name: '@acme/tea', type: 'module', exports: './tea.js' }),
    );
    writeFileSync(
      join(root, 'node_modules/@acme/tea/tea.js'),
      'export const createExporter = ({ push }) => push("tea");',
    );
    cpSync(join(REPOSITORY, 'exporters'), join(root, 'kubenurse/exporters'), { recursive: true });
    cpSync(join(REPOSITORY, 'package.json'), join(root, 'kubenurse/package.json'));
    symlinkSync(join(REPOSITORY, 'node_modules'), join(root, 'kubenurse/node_modules'));
    const load = pathToFileURL(join(root, 'kubenurse/exporters/load.ts')).href;
    const program = `
      import { loadExporter } from '${load}';
      const push = (send) => ({ reader: { collect() {} }, send });
      console.log((await loadExporter('@acme/tea', { push })).send);`;
    const args = ['--input-type=module', '--eval', program];
    const { stdout, stderr } = spawnSync(process.execPath, args, {
      encoding: 'utf8',
      timeout: 9_000,
    });
    expect({ stdout, stderr }).toEqual({ stdout: 'tea\n', stderr: '' });
  });
});
