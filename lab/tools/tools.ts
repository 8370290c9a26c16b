import { parseArgs } from 'node:util';
import { buildAll, TOOLS } from './build.ts';
import { writeSchemas } from './schemas.ts';

const USAGE = `npm run tools

Builds Go programs that tests, benchmarks and the demo use, into lab/tools/bin,
and writes the schemas of Kubernetes there. What is up to date is not built
again. The first time, this takes about fifteen minutes, and needs Go.

${TOOLS.map(({ folder, programs }) => `${folder}: ${programs.join(', ')}`).join('\n')}

Options:
  -h, --help  show this text
`;

function run(): void {
  const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  buildAll();
  writeSchemas();
}

try {
  run();
} catch (error) {
  console.error(`npm run tools: ${error instanceof Error ? error.message : error}`);
  process.exitCode = 1;
}
