import { parseArgs } from 'node:util';
import { whatIsNotBuilt } from '../../lab/tools/tool.ts';
import type { Benchmark } from './benchmark.ts';
import { OptionError, type Options, readOptions } from './options.ts';
import { PACKED, whyNotMeasured } from './programs.ts';

/** How a benchmark is run. */
export type Arguments = Readonly<{
  short: boolean;
  json: boolean;
  help: boolean;
  values: Readonly<Record<string, unknown>>;
}>;

/**
 * Reads the arguments that follow the name of a benchmark. Throws an `OptionError` if one is
 * unknown or has an unexpected value.
 */
export function readArguments(args: readonly string[], options: Options = {}): Arguments {
  const { short, json, help, ...texts } = parse(args, options);
  return {
    short: short === true,
    json: json === true,
    help: help === true,
    values: help === true ? {} : readOptions(options, texts),
  };
}

function parse(args: readonly string[], options: Options) {
  const own = Object.entries(options).map(
    ([name, option]) => [name, { type: 'string', default: option.default }] as const,
  );
  const flag = { type: 'boolean', default: false } as const;
  try {
    return parseArgs({
      args: [...args],
      options: { ...Object.fromEntries(own), short: flag, json: flag, help: flag },
    }).values;
  } catch (cause) {
    throw new OptionError((cause as Error).message, { cause });
  }
}

/** What must be built before the benchmark can run, as a sentence; `undefined` if nothing. */
export function whatIsMissing({ isOfPacked, tools = [] }: Benchmark): string | undefined {
  return (isOfPacked ? whyNotMeasured(PACKED) : undefined) ?? whatIsNotBuilt(tools);
}

/** The options of a benchmark, one per line. */
export function optionsHelp(options: Options = {}): string {
  return Object.entries(options)
    .map(([name, option]) => `  --${name}: ${option.expected}; default: ${option.default}`)
    .join('\n');
}
