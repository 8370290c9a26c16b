import { Readable } from 'node:stream';
import type { Cluster, Collect } from '../cluster/model.ts';
import type { RunSteps, Steps } from '../verdict/steps.ts';
import { ageOf } from './cluster-age.ts';
import type { KoaPage } from './page.ts';

/** Characters of JSON that are made at once for a viewer, who reads them before it gets more. */
const CHUNK = 256 * 1024;

/**
 * The verdict, and the view with all reports: 200, or 503 where a finding is critical or a warning. Made while it is read, as all
 * of it may have 100 MB where reports are false, and for one viewer at a time.
 */
export function clusterJsonPage(collect: Collect, run: RunSteps): KoaPage {
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = (steps: Steps<string>): Promise<string> => {
    const made = last.then(() => run(steps));
    last = made.catch(() => {});
    return made;
  };
  return async (context) => {
    const cluster = await collect();
    context.status = cluster.findings.every(({ severity }) => severity === 'info') ? 200 : 503;
    context.set('Age', String(ageOf(cluster)));
    context.type = 'application/json';
    context.body = Readable.from(chunksOf(cluster, inTurn), { highWaterMark: 1 });
  };
}

async function* chunksOf(
  cluster: Cluster,
  run: (steps: Steps<string>) => Promise<string>,
): AsyncGenerator<Buffer> {
  const parts = partsOf(cluster);
  for (;;) {
    const text = await run(nextChunk(parts));
    if (text === '') return;
    yield Buffer.from(text);
  }
}

/** Empty once there is no more. */
function* nextChunk(parts: Generator<string>): Steps<string> {
  let text = '';
  while (text.length < CHUNK) {
    const { done, value } = parts.next();
    if (done) break;
    text += value;
    yield;
  }
  return text;
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
