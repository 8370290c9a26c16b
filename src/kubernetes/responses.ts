import { hasAtMost } from '../at-most.ts';
import { GrowingBytes } from '../growing-bytes.ts';
import { ApiError } from './api-request.ts';
import { nameText } from './invalid-values.ts';
import { ListSplitter } from './list-splitter.ts';
import { fieldsOf, type Json, parseJson, parseObject, VALUES } from './parse-object.ts';
import { RestedWork } from './rested-work.ts';

/**
 * Maximum length of an object in a list, or of an event, in bytes: etcd accepts objects of up to
 * 1.5 MiB, and JSON makes them up to six times as long (`\u0001`).
 */
export const MAX_OBJECT_BYTES = 16 * 1024 * 1024;

/**
 * A page of at most this many bytes, and at most this many `{`, `[` and `,`, is parsed whole, which
 * takes at most 9 MB and 0.1 s (as in `parseObject()`). 50 pods of 6 KB have 300 KB and 19,000 of
 * these characters. Splitting them takes 13 ms instead of 0.5 ms with the image's flags (measured).
 */
const MAX_WHOLE_BYTES = 2 * 1024 * 1024;
const MAX_WHOLE_VALUES = 50_000;

/**
 * How many bytes of any other page to split at a time: this takes up to 2 ms, and the objects that
 * end there up to as long again.
 */
const PIECE_BYTES = 64 * 1024;

/**
 * Rest after work on such a page, as a multiple of the work. A page of 50 pods of 900 KB thus takes
 * 6 s (measured).
 */
export const LIST_REST = 2;

/** In characters. */
const MAX_RESOURCE_VERSION = 253;

/** An object as received. It has a name, but every other field may be of any type. */
export type KubernetesObject = { metadata: { name: string; namespace?: unknown } };

/** An object of a list or an event. */
export type Received = Readonly<{
  /** Undefined if it has no name. */
  object: KubernetesObject | undefined;
  /** Whether it is too large to parse, so that it has only name, namespace and resourceVersion. */
  isTooLarge: boolean;
}>;

/** The end of a page of a list. `next`: the token of the next page. */
export type Page = Readonly<{ resourceVersion: string; next: string | undefined }>;

/**
 * An event of a watch. `resourceVersion`: undefined if the object is too large and does not begin
 * with it.
 */
export type WatchEvent = Readonly<
  { resourceVersion: string | undefined } & (
    | { kind: 'bookmark' }
    | ({ kind: 'changed' | 'deleted' } & Received)
  )
>;

/**
 * Reads a page of a list, and calls `onObject` with each object; of a large page, only one is in
 * memory at a time. Rejects if it is not a list, or if reading it fails.
 */
export async function readPage(
  body: AsyncIterable<Buffer>,
  onObject: (received: Received) => void,
): Promise<Page> {
  const list = new ListSplitter(MAX_OBJECT_BYTES, (json) => {
    const { value, isTooLarge } = parseObject(json);
    onObject({ object: named(value), isTooLarge });
  });
  const work = new RestedWork(LIST_REST);
  const split = async (bytes: Buffer) => {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      const piece = bytes.subarray(at, at + PIECE_BYTES);
      work.begin(piece.length);
      list.write(piece);
      await work.rest();
    }
  };
  let begun = new GrowingBytes();
  let isLarge = false;
  for await (const chunk of body) {
    isLarge ||= begun.length + chunk.length > MAX_WHOLE_BYTES;
    if (isLarge) {
      await split(begun.bytes());
      begun = new GrowingBytes();
      await split(chunk);
    } else {
      begun.add(chunk);
    }
  }
  const text = begun.bytes().toString();
  const isWhole = !isLarge && hasAtMost(text, VALUES, MAX_WHOLE_VALUES);
  if (!isWhole) await split(begun.bytes());
  const { items, ...end } = toPage(parseJson(isWhole ? text : list.rest));
  for (const item of items) {
    const isSplit = !isWhole && typeof item === 'object' && item !== null && !Array.isArray(item);
    if (!isSplit) onObject({ object: named(item), isTooLarge: false });
  }
  return end;
}

function toPage(page: Json): Page & { items: readonly Json[] } {
  const { resourceVersion, continue: next } = fieldsOf(fieldsOf(page).metadata);
  // Go writes an empty list as null.
  const items = fieldsOf(page).items ?? [];
  const isList = 'items' in fieldsOf(page) && Array.isArray(items);
  const isNextKnown = next === undefined || next === null || typeof next === 'string';
  if (!isList || !isNextKnown || !isResourceVersion(resourceVersion)) {
    throw new Error('the API server sent an invalid list');
  }
  return { items, resourceVersion, next: next || undefined };
}

/**
 * Reads a line of a watch. Throws the `ApiError` it contains, or an error if it is not an event.
 */
export function readEvent(line: Buffer): WatchEvent {
  const { value, isTooLarge } = parseObject(line);
  const { type, object } = fieldsOf(value);
  if (type === 'ERROR') throw watchError(fieldsOf(object));
  const { resourceVersion } = fieldsOf(fieldsOf(object).metadata);
  const isUnknown = isTooLarge && resourceVersion === undefined;
  if (!isResourceVersion(resourceVersion) && !isUnknown) {
    throw new Error('a watch event without resourceVersion');
  }
  if (type === 'BOOKMARK') return { kind: 'bookmark', resourceVersion };
  const kind = type === 'DELETED' ? 'deleted' : 'changed';
  return { kind, resourceVersion, object: named(object), isTooLarge };
}

/**
 * It becomes part of the next watch: an endless one would be rejected for ever. Those of Kubernetes
 * have up to 20 digits.
 */
function isResourceVersion(value: Json): value is string {
  return typeof value === 'string' && value.length <= MAX_RESOURCE_VERSION;
}

function watchError({ code, message }: { readonly [field: string]: Json }): ApiError {
  return new ApiError(
    typeof code === 'number' ? code : 0,
    typeof message === 'string' ? message : 'watch error',
  );
}

function named(object: Json): KubernetesObject | undefined {
  const { name } = fieldsOf(fieldsOf(object).metadata);
  return nameText(name) !== '' ? (object as KubernetesObject) : undefined;
}
