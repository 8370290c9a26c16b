import { Readable } from 'node:stream';
import type { Cluster } from '../cluster/model.ts';
import type { RunSteps, Steps } from '../verdict/steps.ts';
import { ageOf } from './cluster-age.ts';
import type { CollectFor } from './collect-for.ts';
import type { KoaPage } from './page.ts';

/**
 * Characters of JSON to make at once for a viewer, which reads them before it gets more: each
 * viewer that does not read holds up to three such texts in memory.
 */
const CHUNK = 64 * 1024;

/** Items of a list to make at once: with checks and the last hour of each, 40,000 characters. */
const ITEMS = 8;

/**
 * Responds with the verdict, and the view with all reports: 200, or 503 if a finding is critical or
 * a warning. Made while it is read, since it may have 100 MB if reports are false, and for one
 * viewer at a time.
 */
export function clusterJsonPage(collect: CollectFor, run: RunSteps): KoaPage {
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = (steps: Steps<string>): Promise<string> => {
    const made = last.then(() => run(steps));
    last = made.catch(() => {});
    return made;
  };
  return async (context) => {
    const cluster = await collect(context.res);
    context.status = cluster.findings.every(({ severity }) => severity === 'info') ? 200 : 503;
    context.set('Age', String(ageOf(cluster)));
    context.type = 'application/json';
    context.body = Readable.from(chunksOf(partsOf(cluster), inTurn), { highWaterMark: 1 });
  };
}

async function* chunksOf(
  parts: Generator<string>,
  run: (steps: Steps<string>) => Promise<string>,
): AsyncGenerator<Buffer> {
  for (;;) {
    const text = await run(nextChunk(parts));
    if (text === '') return;
    yield Buffer.from(text);
  }
}

/** Returns an empty text once there is no more. */
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
  const { expected, cordoned, silent, reports, ...rest } = view;
  yield '{"schema":1,"findings":[';
  yield* itemsOf(findings);
  yield `],\n"view":${JSON.stringify(rest).slice(0, -1)}`;
  for (const [name, list] of Object.entries({ expected, cordoned, silent })) {
    yield `,\n"${name}":[`;
    yield* itemsOf(list);
    yield ']';
  }
  yield ',\n"reports":[';
  for (const [index, { checks, ...own }] of reports.entries()) {
    yield `${index === 0 ? '' : ',\n'}${JSON.stringify(own).slice(0, -1)},"checks":[`;
    yield* itemsOf(checks);
    yield ']}';
  }
  yield ']}}\n';
}

/** The items of a list, a few per part. */
function* itemsOf(list: readonly unknown[]): Generator<string> {
  for (let first = 0; first < list.length; first += ITEMS) {
    const json = JSON.stringify(list.slice(first, first + ITEMS));
    yield `${first === 0 ? '' : ','}${json.slice(1, -1)}`;
  }
}
