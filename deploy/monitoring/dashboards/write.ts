/** Writes the dashboards, into the chart: `npm run dashboards`. */

import { writeFile } from 'node:fs/promises';
import { DASHBOARDS } from './dashboards.ts';
import { dashboardJson } from './grafana.ts';

const FOLDER = new URL('../../helm/kubenurse/files/dashboards/', import.meta.url);

for (const dashboard of DASHBOARDS) {
  const file = new URL(`${dashboard.uid}.json`, FOLDER);
  await writeFile(file, `${JSON.stringify(dashboardJson(dashboard), null, 2)}\n`);
}
