import type { Tool } from '../../lab/tools/tool.ts';
import type { Options, Values } from './options.ts';

/** The input of a benchmark. */
export type BenchmarkRun<Given = unknown> = Readonly<{
  /**
   * Whether to run only for as long as it takes to show that the benchmark works; its numbers are
   * meaningless.
   */
  short: boolean;
  /** The values of its own options, as given or by default. */
  values: Given;
  /** Reports progress to whoever waits. */
  logProgress: (progress: string) => void;
}>;

/** What one command measures. */
export type Benchmark<Result = unknown, Own extends Options = Options> = Readonly<{
  /** What it measures: a line of the help. */
  summary: string;
  options?: Own;
  /** Whether it runs the program that `npm run bundle` writes, whatever its options are. */
  isOfPacked?: boolean;
  /** The programs of `npm run tools` that it requires. */
  tools?: readonly Tool[];
  /** It runs in separate namespaces (own-namespace.ts), as root on Linux. */
  inOwnNamespace?: boolean;
  /**
   * Resolves to what was measured, as `--json` prints it. Rejects if it could not be measured, with
   * an `OptionError` if its options do not fit each other.
   */
  run(run: BenchmarkRun<Values<Own>>): Promise<Result>;
  /** The same in Markdown, as in the docs. */
  table(result: Result): string;
  /**
   * Which goals the result of a long run misses, each in a sentence; the command then exits with 1.
   */
  missedGoals?(result: Result): readonly string[];
}>;
