import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { Cluster, Collect } from '../cluster/model.ts';
import { ageOf } from './cluster-age.ts';
import { oncePer } from './once-per.ts';
import type { KoaPage } from './page.ts';

/** Characters of JSON that are made at once: between them other work has its turn. */
const CHUNK = 64 * 1024;

/**
 * The verdict, and the view with all reports: 200, or 503 where a finding is critical or a warning. Made once for each
 * collection, in chunks of which a slow client holds no copies.
 */
export function clusterJsonPage(collect: Collect): KoaPage {
  const chunks = oncePer(chunksOf);
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

async function chunksOf(cluster: Cluster): Promise<Buffer[]> {
  const chunks: Buffer[] = [];
  let text = '';
  for (const part of partsOf(cluster)) {
    text += part;
    if (text.length < CHUNK) continue;
    chunks.push(Buffer.from(text));
    text = '';
    await setImmediate();
  }
  return [...chunks, Buffer.from(text)];
}

function* partsOf({ view, findings }: Cluster): Generator<string> {
  const { reports, ...rest } = view;
  const head = JSON.stringify({ schema: 1, findings, view: { ...rest, reports: [] } });
  const end = ']}}';
  yield head.slice(0, -end.length);
  for (const [index, report] of reports.entries()) {
    yield `${index === 0 ? '\n' : ',\n'}${JSON.stringify(report)}`;
  }
  yield `\n${end}\n`;
}
