import {
  type ApiRequest,
  KINDS,
  numberOf,
  resourceVersionOf,
  selectionOf,
  withKind,
} from './api-request.ts';
import { ApiError } from './api-status.ts';
import type { ObjectStore } from './object-store.ts';

/** Where a list continues: after the key `start` of the objects as they were at `revision`. */
type Continuation = Readonly<{ revision: number; start: string }>;

/** The object of a `get`, or only its metadata if `accept` requests that. Throws ApiError 404. */
export function getObject(store: ObjectStore, request: ApiRequest, accept: string): object {
  const { resource, namespace, name = '' } = request;
  const object = store.get(resource, name, namespace);
  if (!object) throw new ApiError(404, `${resource} "${name}" not found`, { name, kind: resource });
  if (/;as=PartialObjectMetadata(;|,|$)/.test(accept.replaceAll(' ', ''))) {
    const { metadata } = object;
    return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata };
  }
  return withKind(resource, object);
}

/**
 * The requested list, or page of it. All pages show the objects as they were when the first was
 * read. Throws ApiError: 400 for invalid parameters, 410 if the state that a page continues is
 * forgotten.
 */
export function listObjects(store: ObjectStore, request: ApiRequest): object {
  const { resource, query } = request;
  const matches = selectionOf(request);
  const resourceVersion = resourceVersionOf(request);
  // "Any version will do" is served from the watch cache, which has no pages.
  const limit = (resourceVersion !== 0 && numberOf(query, 'limit')) || Infinity;
  const token = query.get('continue') ?? '';
  if (token !== '' && resourceVersion) {
    throw new ApiError(400, 'specifying resource version is not allowed when using continue');
  }
  const { revision, start } =
    token === '' ? { revision: store.revision, start: '' } : decodeContinue(token);

  const objects = store.list(resource, revision);
  if (!objects) {
    throw new ApiError(
      410,
      'The provided continue parameter is too old to display a consistent list result. ' +
        'You must start a new list without the continue parameter.',
    );
  }
  const rest = objects.filter(([key, object]) => key > start && matches(object));
  const page = rest.slice(0, limit);
  const more = rest.length - page.length;
  // With a selector the API server would have to read all objects to know how many remain.
  const counted = !query.get('labelSelector') && !query.get('fieldSelector');
  return {
    kind: `${KINDS[resource]}List`,
    apiVersion: 'v1',
    metadata: {
      resourceVersion: String(revision),
      ...(more > 0 && { continue: encodeContinue({ revision, start: page.at(-1)?.[0] ?? '' }) }),
      ...(more > 0 && counted && { remainingItemCount: more }),
    },
    items: page.map(([, object]) => object),
  };
}

/** The API server's own format, which is opaque to clients. */
function encodeContinue({ revision, start }: Continuation): string {
  const token = { v: 'meta.k8s.io/v1', rv: revision, start };
  return Buffer.from(JSON.stringify(token)).toString('base64url');
}

function decodeContinue(token: string): Continuation {
  try {
    const { v, rv, start } = JSON.parse(Buffer.from(token, 'base64url').toString());
    if (v === 'meta.k8s.io/v1' && Number.isInteger(rv) && typeof start === 'string') {
      return { revision: rv, start };
    }
  } catch {
    // Not JSON.
  }
  throw new ApiError(
    400,
    'invalid continue token: continue key is not valid: it was not made here',
  );
}
