/** Writes the dashboards: `node deploy/monitoring/dashboards/source/write.ts`, then `npm run format`. */

import { writeFile } from 'node:fs/promises';
import { DASHBOARDS } from './dashboards.ts';
import { dashboardJson } from './grafana.ts';

for (const dashboard of DASHBOARDS) {
  const file = new URL(`../${dashboard.uid}.json`, import.meta.url);
  await writeFile(file, `${JSON.stringify(dashboardJson(dashboard), null, 2)}\n`);
}
