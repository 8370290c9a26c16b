import type { Cluster } from '../cluster/model.ts';
import { bodySteps, headerText } from '../cluster-text/cluster-text.ts';
import type { RunSteps } from '../verdict/steps.ts';
import { ageOf } from './cluster-age.ts';
import type { CollectFor } from './collect-for.ts';
import { oncePer } from './once-per.ts';
import type { KoaPage } from './page.ts';

/**
 * Shows what is wrong with the cluster, for a terminal. Always 200: `kubectl get --raw` shows
 * nothing of any other response. `runbooks`: URL of their folder.
 */
export function clusterTextPage(collect: CollectFor, runbooks: string, run: RunSteps): KoaPage {
  const bodyOf = oncePer((cluster: Cluster) => run(bodySteps(cluster, runbooks)));
  return async (context) => {
    const cluster = await collect(context.res);
    const body = await bodyOf(cluster);
    const age = ageOf(cluster);
    context.set('Age', String(age));
    context.type = 'text/plain; charset=utf-8';
    context.body = `${headerText(cluster, age)}${body}`;
  };
}
