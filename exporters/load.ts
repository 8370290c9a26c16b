import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { CreateExporter, Exporter, ExporterContext } from './exporter.ts';

/**
 * The built-in exporters, by their names in OTEL_METRICS_EXPORTER. Only the configured ones are
 * loaded.
 */
const BUILT_IN: Readonly<Record<string, () => Promise<{ createExporter: CreateExporter }>>> = {
  prometheus: () => import('./prometheus.ts'),
  otlp: () => import('./otlp.ts'),
  console: () => import('./console.ts'),
};

/**
 * Creates the exporter of this name, or of this module: a package, or a path that begins with `.`
 * or `/`. Rejects, naming it, if it cannot be loaded or is not an exporter.
 */
export async function loadExporter(name: string, context: ExporterContext): Promise<Exporter> {
  try {
    const createExporter = await importCreateExporter(name);
    const exporter = await createExporter(context);
    if (typeof exporter?.reader?.collect !== 'function') {
      throw new Error(
        'its createExporter() does not return an exporter: return the result of push()',
      );
    }
    return exporter;
  } catch (cause) {
    throw unusable(name, cause);
  }
}

/** Loads the exporter's module without creating the exporter. Rejects as `loadExporter()` does. */
export async function importExporter(name: string): Promise<void> {
  try {
    await importCreateExporter(name);
  } catch (cause) {
    throw unusable(name, cause);
  }
}

function unusable(name: string, cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new Error(`cannot use the exporter ${name}: ${reason}`, { cause });
}

async function importCreateExporter(name: string): Promise<CreateExporter> {
  const { createExporter } = await (BUILT_IN[name]?.() ?? importModule(name));
  if (typeof createExporter === 'function') return createExporter;
  throw new Error('it does not export a function createExporter');
}

function importModule(name: string): Promise<{ createExporter: CreateExporter }> {
  return import(/^[./]/.test(name) ? pathToFileURL(resolve(name)).href : name);
}
