import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadYaml } from '@kubernetes/client-node';
import { run } from '../../lab/support/command.ts';
import { tool } from '../../lab/tools/tool.ts';
import { probeOf, type Rendered, readManifests } from './rendered.ts';

/** The Helm chart's folder. */
export const CHART = join(import.meta.dirname, '../../deploy/helm/kubenurse');

/** The features that have a values file in the chart's `ci/`. */
export const VARIANTS: readonly string[] = readdirSync(join(CHART, 'ci')).map((file) =>
  file.replace('-values.yaml', ''),
);

export type Values = Readonly<Record<string, unknown>>;

/** Resolves with what helm wrote to its standard output. Rejects as `run()` does, with what helm says. */
export function helm(args: readonly string[], values?: Values): Promise<string> {
  if (!values) return run([tool('helm'), ...args]);
  return run([tool('helm'), ...args, '--values=-'], JSON.stringify(values));
}

/** The values of one of the `VARIANTS`. */
export function variantValues(name: string): Values {
  return loadYaml<Values>(readFileSync(join(CHART, 'ci', `${name}-values.yaml`), 'utf8'));
}

/** What the chart makes of these values. Rejects, with what helm says of them, when it refuses them. */
export async function render(
  values: Values = {},
  { release = 'kubenurse', namespace = 'kubenurse' } = {},
): Promise<Rendered> {
  const place = ['template', release, CHART, `--namespace=${namespace}`];
  return readManifests(await helm(place, values));
}

/** The values that stand in the probe's environment; those of secrets and the downward API are left out. */
export function writtenEnvironment(rendered: Rendered): Record<string, string> {
  const variables = probeOf(rendered).container.env ?? [];
  return Object.fromEntries(
    variables.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])),
  );
}
