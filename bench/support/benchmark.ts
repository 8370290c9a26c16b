import type { Tool } from '../../lab/tools/tool.ts';

/** The input of a benchmark. */
export type BenchmarkRun = Readonly<{
  /** As little as shows that it still works: numbers of a short run say nothing. */
  short: boolean;
  /** Its own options, as given or by default. */
  values: Readonly<Record<string, string>>;
  /** Says how far it has come, to a person. */
  logProgress: (progress: string) => void;
}>;

/** Something that is measured, by one command. */
export type Benchmark<Result = unknown> = Readonly<{
  /** Its own options, each with a value, and their defaults. */
  options?: Readonly<Record<string, string>>;
  /** The programs of `npm run tools` that it cannot be without. */
  tools?: readonly Tool[];
  /** It runs in separate namespaces (own-namespace.ts), as root on Linux. */
  inOwnNamespace?: boolean;
  /** What was measured, as `--json` prints it. Rejects when it could not be, or an option is no good. */
  run(run: BenchmarkRun): Promise<Result>;
  /** The same in Markdown, as it stands in the docs. */
  table(result: Result): string;
}>;
