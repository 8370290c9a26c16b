import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { goOnInOwnNamespace } from '../cluster/real/own-namespace.ts';
import { missingTools } from '../real/tools.ts';
import { loadTable } from './api-server/load-table.ts';
import { measure } from './api-server/measure.ts';

/*
 * What the API server bears: requests and bytes of one of our probes, beside those of a probe that watches all nodes.
 * docs/api-server-load.md says what the numbers mean.
 */

/** There are addresses for no more. */
const MOST_NODES = 2_000;

const USAGE = 'npm run bench -- api-server-load [--nodes 5,100,1000] [--json]';

/** Throws with what is wrong. */
function readArguments(): { sizes: number[]; json: boolean } {
  const { values } = parseArgs({
    args: process.argv.slice(3),
    options: {
      nodes: { type: 'string', default: '5,100,1000' },
      json: { type: 'boolean', default: false },
    },
  });
  const sizes = values.nodes.split(',').map(Number);
  if (!sizes.every((size) => Number.isInteger(size) && size >= 2 && size <= MOST_NODES)) {
    throw new Error(`--nodes ${values.nodes}: say numbers from 2 to ${MOST_NODES}`);
  }
  const missing = missingTools(['etcd', 'kube-apiserver', 'kubectl']);
  if (missing.length > 0) throw new Error(`npm run tools has not built ${missing.join(', ')}`);
  return { sizes, json: values.json };
}

let given: ReturnType<typeof readArguments>;
try {
  given = readArguments();
} catch (error) {
  console.error(`${(error as Error).message}\n${USAGE}`);
  process.exit(2);
}
await goOnInOwnNamespace();
const result = await measure(given.sizes, (progress) => console.error(progress));
if (given.json) {
  console.log(JSON.stringify(result, null, 2));
} else {
  const [processor] = cpus();
  console.log(`${loadTable(result)}\n`);
  console.log(`${new Date().toISOString().slice(0, 10)}, ${cpus().length} × ${processor?.model}`);
}
