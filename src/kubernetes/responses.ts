import { ApiError } from './api-request.ts';
import { ListSplitter } from './list-splitter.ts';
import { fieldsOf, type Json, parseJson, parseObject } from './parse-object.ts';

/**
 * In bytes, of an object in a list or of an event: etcd takes no object of more than 1.5 MiB, of which JSON makes up to six times as
 * much (`\u0001`).
 */
export const MAX_OBJECT_BYTES = 16 * 1024 * 1024;

/** An object as it comes: that it has a name has been seen to, and every other field may be of any type. */
export type KubernetesObject = { metadata: { name: string; namespace?: unknown } };

/** An object of a list or an event. */
export type Received = Readonly<{
  /** Undefined where it has no name. */
  object: KubernetesObject | undefined;
  /** Whether it is too large to be parsed, so that it has no fields but name, namespace and resourceVersion. */
  isTooLarge: boolean;
}>;

/** The end of a page of a list. `next`: the token of the next page. */
export type Page = Readonly<{ resourceVersion: string; next: string | undefined }>;

/** What a watch brings. */
export type WatchEvent = Readonly<
  { resourceVersion: string } & (
    | { kind: 'bookmark' }
    | ({ kind: 'changed' | 'deleted' } & Received)
  )
>;

/**
 * Reads a page of a list, and calls `onObject` with each object once it has come, so that one is in memory at a time.
 * Rejects at what is no list, and with what fails while it comes.
 */
export async function readPage(
  body: AsyncIterable<Buffer>,
  onObject: (received: Received) => void,
): Promise<Page> {
  const list = new ListSplitter(MAX_OBJECT_BYTES, (json) => {
    const { value, isTooLarge } = parseObject(json);
    onObject({ object: named(value), isTooLarge });
  });
  for await (const chunk of body) list.write(chunk);
  const page = parseJson(list.rest);
  const { resourceVersion, continue: next } = fieldsOf(fieldsOf(page).metadata);
  // Go writes an empty list as null.
  const items = fieldsOf(page).items ?? [];
  const isList = 'items' in fieldsOf(page) && Array.isArray(items);
  const isNextKnown = next === undefined || next === null || typeof next === 'string';
  if (!isList || !isNextKnown || typeof resourceVersion !== 'string') {
    throw new Error('the API server sent an invalid list');
  }
  for (const item of items) {
    const isObject = typeof item === 'object' && item !== null && !Array.isArray(item);
    if (!isObject) onObject({ object: undefined, isTooLarge: false });
  }
  return { resourceVersion, next: next || undefined };
}

/** Reads a line of a watch. Throws the `ApiError` that it may be, and at what is no event. */
export function readEvent(line: string): WatchEvent {
  const { value, isTooLarge } = parseObject(line);
  const { type, object } = fieldsOf(value);
  if (type === 'ERROR') throw watchError(fieldsOf(object));
  const { resourceVersion } = fieldsOf(fieldsOf(object).metadata);
  if (typeof resourceVersion !== 'string') {
    throw new Error('a watch event without resourceVersion');
  }
  if (type === 'BOOKMARK') return { kind: 'bookmark', resourceVersion };
  const kind = type === 'DELETED' ? 'deleted' : 'changed';
  return { kind, resourceVersion, object: named(object), isTooLarge };
}

function watchError({ code, message }: { readonly [field: string]: Json }): ApiError {
  return new ApiError(
    typeof code === 'number' ? code : 0,
    typeof message === 'string' ? message : 'watch error',
  );
}

function named(object: Json): KubernetesObject | undefined {
  const { name } = fieldsOf(fieldsOf(object).metadata);
  return typeof name === 'string' && name !== '' ? (object as KubernetesObject) : undefined;
}
