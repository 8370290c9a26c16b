import { Readable } from 'node:stream';
import type { Cluster, Collect } from '../cluster/model.ts';
import type { RunSteps, Steps } from '../verdict/steps.ts';
import { ageOf } from './cluster-age.ts';
import { oncePer } from './once-per.ts';
import type { KoaPage } from './page.ts';

/** Characters of JSON that are made in one step. */
const CHUNK = 64 * 1024;

/**
 * The verdict, and the view with all reports: 200, or 503 where a finding is critical or a warning. Made once for each
 * collection, in chunks of which a slow client holds no copies.
 */
export function clusterJsonPage(collect: Collect, run: RunSteps): KoaPage {
  const chunks = oncePer((cluster: Cluster) => run(chunksOf(cluster)));
  return async (context) => {
    const cluster = await collect();
    const body = await chunks(cluster);
    context.status = cluster.findings.every(({ severity }) => severity === 'info') ? 200 : 503;
    context.set('Age', String(ageOf(cluster)));
    context.type = 'application/json';
    context.body = Readable.from(body);
    context.length = body.reduce((sum, { length }) => sum + length, 0);
  };
}

function* chunksOf(cluster: Cluster): Steps<Buffer[]> {
  const chunks: Buffer[] = [];
  let text = '';
  for (const part of partsOf(cluster)) {
    text += part;
    if (text.length < CHUNK) continue;
    chunks.push(Buffer.from(text));
    text = '';
    yield;
  }
  return [...chunks, Buffer.from(text)];
}

function* partsOf({ view, findings }: Cluster): Generator<string> {
  const { reports, ...rest } = view;
  yield '{"schema":1,"findings":[';
  for (const [index, finding] of findings.entries()) {
    yield `${index === 0 ? '' : ','}${JSON.stringify(finding)}`;
  }
  const end = ']}';
  const head = JSON.stringify({ ...rest, reports: [] });
  yield `],"view":${head.slice(0, -end.length)}`;
  for (const [index, report] of reports.entries()) {
    yield `${index === 0 ? '\n' : ',\n'}${JSON.stringify(report)}`;
  }
  yield `\n${end}}\n`;
}
