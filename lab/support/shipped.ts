import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadYaml } from '@kubernetes/client-node';

/** The folders of otel-collector/ with a Collector. */
export const COLLECTORS = ['agent', 'gateway', 'remote-write'];

/** Where a file of otel-collector/ is. */
export function shipped(file: string): string {
  return join(import.meta.dirname, '../../otel-collector', file);
}

/** What a YAML file of otel-collector/ holds. Throws when it is not YAML. */
export function readShipped<Content>(file: string): Content {
  return loadYaml<Content>(readFileSync(shipped(file), 'utf8'));
}
