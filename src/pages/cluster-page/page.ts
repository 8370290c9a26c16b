import { createHash } from 'node:crypto';
import type { Cluster } from '../../cluster/model.ts';
import type { RunSteps } from '../../verdict/steps.ts';
import { ageOf } from '../cluster-age.ts';
import type { CollectFor } from '../collect-for.ts';
import { oncePer } from '../once-per.ts';
import type { KoaPage } from '../page.ts';
import { documentOf, partsSteps } from './layout.ts';
import { SCRIPT } from './script.ts';
import { STYLE } from './style.ts';

/** Headers of the page: it loads nothing, runs only its own script, and fetches only itself. */
const HEADERS = {
  'Content-Security-Policy': [
    "default-src 'none'",
    `style-src ${hashOf(STYLE)}`,
    `script-src ${hashOf(SCRIPT)}`,
    // For the refresh.
    "connect-src 'self'",
    // For the icon, which is in the page.
    'img-src data:',
    "base-uri 'none'",
    // For the search field.
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; '),
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
} as const;

/**
 * Shows the cluster in a browser; `?node=` selects a node. Rendered once for each collection,
 * however many viewers there are. `runbooks`: the URL of the runbooks' folder.
 */
export function clusterPage(collect: CollectFor, runbooks: string, run: RunSteps): KoaPage {
  const partsOf = oncePer((cluster: Cluster) => run(partsSteps(cluster, runbooks)));
  return async (context) => {
    const cluster = await collect(context.res);
    const parts = await partsOf(cluster);
    // Not `context.query`, whose time grows with the square of the number of parameters.
    const node = new URLSearchParams(context.querystring).get('node')?.trim();
    context.set({ ...HEADERS, Age: String(ageOf(cluster)) });
    context.type = 'text/html; charset=utf-8';
    context.body = documentOf(parts, { node, now: Date.now() / 1000 });
  };
}

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
