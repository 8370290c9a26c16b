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

/** Resolves to helm's standard output. Rejects as `run()` does, with helm's message. */
export function helm(args: readonly string[], values?: Values): Promise<string> {
  if (!values) return run([tool('helm'), ...args]);
  return run([tool('helm'), ...args, '--values=-'], JSON.stringify(values));
}

/** The values of one of the `VARIANTS`. */
export function variantValues(name: string): Values {
  return loadYaml<Values>(readFileSync(join(CHART, 'ci', `${name}-values.yaml`), 'utf8'));
}

/** What the chart renders from these values. Rejects with helm's message if it refuses them. */
export async function render(
  values: Values = {},
  { release = 'kubenurse', namespace = 'kubenurse' } = {},
): Promise<Rendered> {
  const place = ['template', release, CHART, `--namespace=${namespace}`];
  return readManifests(await helm(place, values));
}

/**
 * The values that are written in the probe's environment, without those of secrets and the downward
 * API.
 */
export function writtenEnvironment(rendered: Rendered): Record<string, string> {
  const variables = probeOf(rendered).container.env ?? [];
  return Object.fromEntries(
    variables.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])),
  );
}
