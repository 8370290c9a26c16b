import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadYaml } from '@kubernetes/client-node';

/** The folders of otel-collector/ with a Collector. */
export const COLLECTORS = ['agent', 'gateway', 'remote-write'];

/** The path of a file in otel-collector/. */
export function shipped(file: string): string {
  return join(import.meta.dirname, '../../otel-collector', file);
}

/** The contents of a YAML file in otel-collector/. Throws if it is not YAML. */
export function readShipped<Content>(file: string): Content {
  return loadYaml<Content>(readFileSync(shipped(file), 'utf8'));
}
