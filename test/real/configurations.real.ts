import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { promisify } from 'node:util';
import type { V1Deployment } from '@kubernetes/client-node';
import { expect, test } from 'vitest';
import { COLLECTORS, readShipped, shipped } from '../../lab/support/shipped.ts';
import { tool } from '../../lab/tools/tool.ts';

const run = promisify(execFile);

function filesNamed(name: string): string[] {
  const files = readdirSync(shipped(''), { recursive: true }).map(String);
  return files.filter((file) => file.endsWith(`/${name}`)).toSorted();
}

test('every collector.yaml is in a folder that these tests know', () => {
  expect(filesNamed('collector.yaml')).toEqual(COLLECTORS.map((name) => `${name}/collector.yaml`));
});

test.each(COLLECTORS)('%s: otelcol validate accepts the configuration', async (name) => {
  const manifest = name === 'agent' ? 'daemonset.yaml' : 'deployment.yaml';
  const { spec } = readShipped<V1Deployment>(`${name}/${manifest}`);
  const variables = spec?.template.spec?.containers[0]?.env ?? [];
  const { stdout, stderr } = await run(
    tool('otelcol'),
    ['validate', `--config=${shipped(`${name}/collector.yaml`)}`],
    { env: Object.fromEntries(variables.map(({ name, value }) => [name, value])) },
  );
  expect(stdout + stderr).toBe('');
});

test.each(filesNamed('prometheus.yml'))('%s: promtool check config accepts it', async (file) => {
  const { stdout } = await run(tool('promtool'), [
    'check',
    'config',
    '--lint-fatal',
    shipped(file),
  ]);
  expect(stdout).toContain('SUCCESS');
});
