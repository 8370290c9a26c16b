import { MAX_EXPIRY, MIN_EXPIRY } from '../model.ts';
import { printable } from '../printable.ts';

/** A value is invalid; the message states which one, and what it must be. */
export class InvalidField extends Error {}

/** A JSON object, each field of which may be anything. */
export type Fields = Readonly<Record<string, unknown>>;

/**
 * Maximum characters of a node or pod name (RFC 1123), of a zone, version or event, and of an
 * error's text.
 */
export const MAX_NAME = 253;
export const MAX_WORD = 63;
export const MAX_TEXT = 300;

/** The largest valid Unix time in seconds, in the year 5138. */
const MAX_TIME = 1e11;

function invalid(name: string, expected: string): never {
  throw new InvalidField(`${name} must be ${expected}`);
}

export function fieldsOf(value: unknown, name: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return invalid(name, 'an object');
  }
  return value as Fields;
}

export function listOf(value: unknown, name: string, most: number): readonly unknown[] {
  if (!Array.isArray(value)) return invalid(name, 'a list');
  return value.length <= most ? value : invalid(name, `a list of at most ${most}`);
}

/** A printable text, cut to `most` characters. */
export function textOf(fields: Fields, name: string, most: number): string {
  const value = fields[name];
  return typeof value === 'string' ? printable(value, most) : invalid(name, 'a text');
}

export function flagOf(fields: Fields, name: string): boolean {
  const value = fields[name];
  return typeof value === 'boolean' ? value : invalid(name, 'true or false');
}

export function oneOf<T extends string>(fields: Fields, name: string, values: readonly T[]): T {
  const value = fields[name];
  const found = values.find((each) => each === value);
  return found ?? invalid(name, `one of ${values.join(', ')}`);
}

/** A number from `least` to `most`. */
export function numberOf(value: unknown, name: string, most: number, least = 0): number {
  const isNumber = typeof value === 'number' && value >= least && value <= most;
  return isNumber ? value : invalid(name, `a number from ${least} to ${most}`);
}

/** A whole number from 0 to the largest safe integer. */
export function countOf(value: unknown, name: string): number {
  const isCount = Number.isSafeInteger(value) && (value as number) >= 0;
  return isCount ? (value as number) : invalid(name, 'a whole number');
}

/** A Unix time in seconds. */
export function timeOf(fields: Fields, name: string): number {
  return numberOf(fields[name], name, MAX_TIME);
}

/** The Unix time in seconds at which a certificate expires. */
export function expiryOf(fields: Fields, name: string): number {
  return numberOf(fields[name], name, MAX_EXPIRY, MIN_EXPIRY);
}

/** Null, or what `read` returns. */
export function orNull<T>(fields: Fields, name: string, read: (name: string) => T): T | null {
  return fields[name] === null ? null : read(name);
}
