import { ApiError } from './api-request.ts';

/** An object as it comes: that it has a name has been seen to, and every other field may be of any type. */
export type KubernetesObject = { metadata: { name: string; namespace?: unknown } };

/** A page of a list. `objects`: undefined in the place of one that has no name. `next`: the token of the next page. */
export type Page = Readonly<{
  objects: readonly (KubernetesObject | undefined)[];
  resourceVersion: string;
  next: string | undefined;
}>;

/** What a watch brings. `object`: undefined where it has no name. */
export type WatchEvent = Readonly<
  { resourceVersion: string } & (
    | { kind: 'bookmark' }
    | { kind: 'changed' | 'deleted'; object: KubernetesObject | undefined }
  )
>;

/** A value of which only its JSON is known. */
type Json = { readonly [field: string]: Json } | string | number | null | undefined;

/** Reads a page of a list. Throws at what is none. */
export function readPage(text: string): Page {
  const page = parse(text);
  const { resourceVersion, continue: next } = fieldsOf(fieldsOf(page).metadata);
  // Go writes an empty list as null.
  const items = fieldsOf(page).items ?? [];
  const isList = 'items' in fieldsOf(page) && Array.isArray(items);
  const isNextKnown = next === undefined || next === null || typeof next === 'string';
  if (!isList || !isNextKnown || typeof resourceVersion !== 'string') {
    throw new Error('the API server sent an invalid list');
  }
  return { objects: items.map(named), resourceVersion, next: next || undefined };
}

/** Reads a line of a watch. Throws the `ApiError` that it may be, and at what is no event. */
export function readEvent(line: string): WatchEvent {
  const { type, object } = fieldsOf(parse(line));
  if (type === 'ERROR') throw watchError(fieldsOf(object));
  const { resourceVersion } = fieldsOf(fieldsOf(object).metadata);
  if (typeof resourceVersion !== 'string') {
    throw new Error('a watch event without resourceVersion');
  }
  if (type === 'BOOKMARK') return { kind: 'bookmark', resourceVersion };
  if (type === 'DELETED') return { kind: 'deleted', resourceVersion, object: named(object) };
  return { kind: 'changed', resourceVersion, object: named(object) };
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

function fieldsOf(value: Json): { readonly [field: string]: Json } {
  return typeof value === 'object' && value !== null ? value : {};
}

function parse(text: string): Json {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error('the API server sent invalid JSON', { cause });
  }
}
