/** `npm run bench -- <name>`: runs the benchmark of that name in this folder. */
const BENCHMARKS: Readonly<Record<string, () => Promise<unknown>>> = {
  'api-server-load': () => import('./api-server-load.ts'),
  scrape: () => import('./scrape.ts'),
};

const [, , name = ''] = process.argv;
const benchmark = Object.hasOwn(BENCHMARKS, name) ? BENCHMARKS[name] : undefined;
if (benchmark === undefined) {
  console.error(`npm run bench -- ${Object.keys(BENCHMARKS).join('|')}`);
  process.exitCode = 2;
} else {
  await benchmark();
}
