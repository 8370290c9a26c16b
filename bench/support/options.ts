import { relative } from 'node:path';
import { PACKED, whyNotMeasured } from './programs.ts';

/**
 * Thrown for a value of an option with which the benchmark cannot run. The message says which value
 * is expected.
 */
export class OptionError extends Error {}

/** An option of a benchmark, which always takes a value. */
export type Option<Value> = Readonly<{
  /** As it would be typed. */
  default: string;
  /** Follows "expected" in the error message, such as `a number from 2 to 60`. */
  expected: string;
  /** Returns `undefined` for anything else; throws an `OptionError` that says more. */
  read(text: string): Value | undefined;
}>;

/** The options of a benchmark, by name. */
export type Options = Readonly<Record<string, Option<unknown>>>;

/** The values of these options. */
export type Values<Each extends Options> = {
  readonly [Name in keyof Each]: Each[Name] extends Option<infer Value> ? Value : never;
};

type Range = Readonly<{
  default: string;
  min: number;
  max: number;
  /** What the number counts, if the name of the option does not say so. */
  unit?: string;
}>;

/** A number in this range, with or without decimals. */
export function number({ default: usual, min, max, unit }: Range): Option<number> {
  return {
    default: usual,
    expected: `a number${unit ? ` of ${unit}` : ''} from ${min} to ${max}`,
    read: (text) => {
      const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
      return value >= min && value <= max ? value : undefined;
    },
  };
}

/** A whole number in this range. */
export function wholeNumber(range: Range): Option<number> {
  const any = number(range);
  return {
    ...any,
    expected: any.expected.replace('a number', 'a whole number'),
    read: (text) => (text.includes('.') ? undefined : any.read(text)),
  };
}

/** One or more values of this option, separated by commas. */
export function list<Value>(each: Option<Value>): Option<readonly Value[]> {
  return {
    default: each.default,
    expected: `${each.expected}, or several separated by commas`,
    read: (text) => {
      const values = text.split(',').map((part) => each.read(part));
      return values.every((value) => value !== undefined) ? values : undefined;
    },
  };
}

/** One of these words. */
export function oneOf<Word extends string>(words: readonly Word[], usual: string): Option<Word> {
  return {
    default: usual,
    expected: `one of ${words.join(', ')}`,
    read: (text) => words.find((word) => word === text),
  };
}

/** Some of these words, by default all. */
export function someOf<Word extends string>(words: readonly Word[]): Option<readonly Word[]> {
  const some = list(oneOf(words, 'all'));
  return {
    default: 'all',
    expected: `all, or some of ${words.join(', ')}, separated by commas`,
    read: (text) => (text === 'all' ? words : some.read(text)),
  };
}

/** The file of a packed program, by default the one that `npm run bundle` writes. */
export function programFile(): Option<string> {
  return {
    default: relative('', PACKED),
    expected: 'the file of a packed program',
    read: (text) => {
      const why = whyNotMeasured(text);
      if (why === undefined) return text;
      throw new OptionError(why);
    },
  };
}

/** Throws an `OptionError` for an unexpected value. */
export function readOptions(
  options: Options,
  texts: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(options).map(([name, option]) => [name, readOption(name, option, texts[name])]),
  );
}

function readOption(name: string, option: Option<unknown>, text: unknown): unknown {
  const value = option.read(`${text}`);
  if (value !== undefined) return value;
  throw new OptionError(`--${name} ${text}: expected ${option.expected}`);
}
