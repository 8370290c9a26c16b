import type { ExporterSettings } from '../../exporters/exporter.ts';
import { readConfig } from '../../src/config.ts';
import { ENVIRONMENT } from './environment.ts';

/** The settings that the exporters get if the program has these variables. */
export function exporterSettings(
  variables: Readonly<Record<string, string>> = {},
): ExporterSettings {
  return readConfig({ ...ENVIRONMENT, ...variables }).metrics;
}
