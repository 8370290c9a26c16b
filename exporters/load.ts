import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CreateExporter, Exporter, ExporterContext } from './exporter.ts';

/** The exporters that we bring, by their names in OTEL_METRICS_EXPORTER. Only those that are asked for are loaded. */
const BUILT_IN: Readonly<Record<string, () => Promise<{ createExporter: CreateExporter }>>> = {
  prometheus: () => import('./prometheus.ts'),
  otlp: () => import('./otlp.ts'),
  console: () => import('./console.ts'),
};

/**
 * Makes the exporter of this name, or of this module: a package, or a path that begins with `.` or `/`. Rejects, naming
 * it, when it cannot be loaded or is no exporter.
 */
export async function loadExporter(name: string, context: ExporterContext): Promise<Exporter> {
  try {
    const { createExporter } = await (BUILT_IN[name]?.() ?? importModule(name));
    if (typeof createExporter !== 'function') {
      throw new Error('it does not export a function createExporter');
    }
    const exporter = await createExporter(context);
    if (typeof exporter?.reader?.collect !== 'function') {
      throw new Error(
        'its createExporter() does not return an exporter: return the result of push()',
      );
    }
    return exporter;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`cannot use the exporter ${name}: ${reason}`, { cause });
  }
}

function importModule(name: string): Promise<{ createExporter: CreateExporter }> {
  return import(/^[./]/.test(name) ? pathToFileURL(resolve(name)).href : name);
}
