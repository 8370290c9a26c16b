import type { IncomingMessage } from 'node:http';
import type { Resource } from '../../parts/control-plane.ts';
import { ApiError } from './api-status.ts';
import { type Predicate, parseFieldSelector, parseLabelSelector } from './selectors.ts';

/** The parameters of an HTTP request for pods or nodes. */
export type ApiRequest = Readonly<{
  /** As in RBAC: `get`, `list` and `watch` read, all others write. */
  verb: string;
  resource: Resource;
  namespace: string | undefined;
  /** Undefined for the collection. */
  name: string | undefined;
  query: URLSearchParams;
}>;

/** The `kind` of each resource's objects. */
export const KINDS: Readonly<Record<Resource, string>> = { pods: 'Pod', nodes: 'Node' };

/** The request's URL. Throws ApiError 404 if it is invalid (`//`). */
export function urlOf(request: IncomingMessage): URL {
  const url = URL.parse(request.url ?? '/', 'https://localhost');
  if (!url) throw new ApiError(404, 'the server could not find the requested resource', {});
  return url;
}

/** Undefined if the path is not that of a resource of this API server. */
export function parseApiRequest(method: string, url: URL): ApiRequest | undefined {
  const path = /^\/api\/v1(?:\/namespaces\/([^/]+))?\/(pods|nodes)(?:\/([^/]+))?$/.exec(
    url.pathname,
  );
  if (!path) return undefined;
  const [, namespace, resource, name] = path as unknown as [string, string?, Resource?, string?];
  if (resource === undefined) return undefined;
  if (namespace !== undefined && resource === 'nodes') return undefined;
  if (namespace === undefined && resource === 'pods' && name !== undefined) return undefined;
  const query = url.searchParams;
  return { verb: verbOf(method, name, query), resource, namespace, name, query };
}

function verbOf(method: string, name: string | undefined, query: URLSearchParams): string {
  switch (method) {
    case 'GET':
      if (name !== undefined) return 'get';
      return isTrue(query.get('watch')) ? 'watch' : 'list';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'DELETE':
      return name === undefined ? 'deletecollection' : 'delete';
    default:
      return method.toLowerCase();
  }
}

/** Which objects a list or watch covers. Throws ApiError 400 for an invalid selector. */
export function selectionOf({ resource, namespace, query }: ApiRequest): Predicate {
  try {
    const labels = parseLabelSelector(query.get('labelSelector') ?? '');
    const fields = parseFieldSelector(resource, query.get('fieldSelector') ?? '');
    return (object) =>
      (namespace === undefined || object.metadata.namespace === namespace) &&
      labels(object) &&
      fields(object);
  } catch (error) {
    if (error instanceof SyntaxError) throw new ApiError(400, error.message);
    throw error;
  }
}

/** A parameter that is a whole number ≥ 0; undefined if absent. Throws ApiError 400 if invalid. */
export function numberOf(query: URLSearchParams, parameter: string): number | undefined {
  const text = query.get(parameter) ?? '';
  if (text === '') return undefined;
  if (!isNumber(text)) {
    throw new ApiError(400, `strconv.ParseInt: parsing "${text}": invalid syntax`);
  }
  return Number(text);
}

/**
 * Likewise, for `resourceVersion`. Throws ApiError 400, or 500 for a watch, as kube-apiserver does.
 */
export function resourceVersionOf({ verb, query }: ApiRequest): number | undefined {
  const text = query.get('resourceVersion') ?? '';
  if (text === '') return undefined;
  if (isNumber(text)) return Number(text);
  const message = `resourceVersion: Invalid value: "${text}": strconv.ParseUint: parsing "${text}": invalid syntax`;
  if (verb === 'watch') throw new ApiError(500, message);
  throw new ApiError(400, `invalid resource version: ${message}`);
}

function isNumber(text: string): boolean {
  return /^\d{1,15}$/.test(text);
}

/** How apimachinery converts query parameters to booleans. */
export function isTrue(parameter: string | null): boolean {
  return parameter !== null && !['false', '0'].includes(parameter.toLowerCase());
}

/** The error for a user who lacks the permission, in kube-apiserver's words. */
export function forbidden(
  user: string,
  method: string,
  url: URL,
  request: ApiRequest | undefined,
): ApiError {
  if (!request) {
    const what = `${method.toLowerCase()} path "${url.pathname}"`;
    return new ApiError(403, `forbidden: User "${user}" cannot ${what}`, {});
  }
  const { verb, resource, namespace, name } = request;
  const what = name === undefined ? resource : `${resource} "${name}"`;
  const where =
    namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  return new ApiError(
    403,
    `${what} is forbidden: User "${user}" cannot ${verb} resource "${resource}" in API group "" ${where}`,
    { ...(name !== undefined && { name }), kind: resource },
  );
}

/** The object as in responses and watch events; items of lists lack these two fields. */
export function withKind(resource: Resource, object: object): object {
  return { kind: KINDS[resource], apiVersion: 'v1', ...object };
}
