import { expect, test } from 'vitest';
import { ExportHealth } from '../src/export-health.ts';

test('ExportHealth counts dropped series once, however many readers drop them, and logs when that begins', () => {
  const logged: unknown[] = [];
  const log = {
    error: (fields: object, message: string) => logged.push({ ...fields, message }),
    warn: () => {},
    info: () => {},
  };
  const health = new ExportHealth(['prometheus', 'otlp'], 50_000, log);
  const [scraped, pushed] = [{}, {}];
  expect(health.droppedSeries).toBe(0);
  health.onDropped(scraped, 3);
  health.onDropped(pushed, 3);
  health.onDropped(scraped, 2);
  expect(health.droppedSeries).toBe(3);
  health.onDropped(pushed, 2);
  expect(health.droppedSeries).toBe(2);
  const begins = { limit: 50_000, message: 'series limit reached; dropping new series' };
  expect(logged).toEqual([begins]);
  for (const reader of [scraped, pushed]) health.onDropped(reader, 0);
  expect(health.droppedSeries).toBe(0);
  health.onDropped(scraped, 1);
  expect(logged).toEqual([begins, begins]);
});
