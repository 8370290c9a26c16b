import type { CreateExporter } from './exporter.ts';

/** Writes a JSON line for each metric to standard output. */
export const createExporter: CreateExporter = ({ push, write }) =>
  push(async ({ scopeMetrics }) => {
    for (const { metrics } of scopeMetrics) {
      for (const { descriptor, dataPoints } of metrics) {
        const points = dataPoints.map(({ attributes, value }) => ({ attributes, value }));
        write(`${JSON.stringify({ metric: descriptor.name, points })}\n`);
      }
    }
  });
