import { COMPONENTS } from './components.ts';
import type { Dashboard } from './grafana.ts';
import { OVERVIEW } from './overview.ts';
import { PATH } from './path.ts';

/** Every dashboard; its file is named by its uid. */
export const DASHBOARDS: readonly Dashboard[] = [OVERVIEW, PATH, COMPONENTS];
