import { hasAtMost } from '../at-most.ts';

/** A value of which only its JSON is known. */
export type Json = { readonly [field: string]: Json } | string | number | null | undefined;

/** The fields of a value; none where it is no object. */
export function fieldsOf(value: Json): { readonly [field: string]: Json } {
  return typeof value === 'object' && value !== null ? value : {};
}

/**
 * An object with more `{`, `[` and `,` is not parsed; a pod of 6 KB has 400. Each takes up to 185 bytes of
 * memory and 2 µs (measured with V8 14), so that so many take 4 MB and 0.05 s. Without a bound, an object of 1.5 MB, as
 * large as etcd takes, takes 39 MB and 0.8 s.
 */
const MAX_VALUES = 20_000;

/** Of which JSON has one at each value, those in texts included. */
export const VALUES = ',{[';

/** A longer object is not parsed, in bytes. */
const MAX_BYTES = 2 * 1024 * 1024;

/** So many bytes of an object need be kept, to parse it or to know that it is too large. */
export const KEPT_BYTES = MAX_BYTES + 1;

/** In bytes: room for the name, the namespace and the UID, which precede everything that is chosen freely. */
const HEAD_LENGTH = 2_000;

/** The type of an event if it is one, and the texts that Go's JSON of an object begins with: from its name to its resourceVersion. */
const HEAD =
  /^(?:\{"type":"(\w*)","object":)?(?:\{(?:"kind":"\w*",)?(?:"apiVersion":"[\w./]*",)?"metadata":(\{"\w+":"[^"\\]*"(?:,"\w+":"[^"\\]*")*))?/;

/**
 * Parses the JSON of an object, or of a watch event with one, of which the first `KEPT_BYTES` are enough. Of one that is too large, only name, namespace and
 * resourceVersion, as far as they come first. Throws where it is not JSON.
 */
export function parseObject(bytes: Buffer): { value: Json; isTooLarge: boolean } {
  if (bytes.length <= MAX_BYTES) {
    const json = bytes.toString();
    if (hasAtMost(json, VALUES, MAX_VALUES)) return { value: parseJson(json), isTooLarge: false };
  }
  const [, type, head] = HEAD.exec(bytes.toString('utf8', 0, HEAD_LENGTH)) ?? [];
  const metadata = head === undefined ? undefined : parseJson(`${head}}`);
  const value: Json = type === undefined ? { metadata } : { type, object: { metadata } };
  return { value, isTooLarge: true };
}

/** Parses JSON whatever it takes. Throws where it is none. */
export function parseJson(json: string): Json {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new Error('the API server sent invalid JSON', { cause });
  }
}
