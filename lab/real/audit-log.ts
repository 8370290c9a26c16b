import { readFile } from 'node:fs/promises';

/** A request in kube-apiserver's audit log. */
export type AuditedRequest = Readonly<{
  /** When it arrived. */
  time: Date;
  /** Such as `system:serviceaccount:kubenurse:kubenurse`. */
  user: string;
  /** The pod to which the user's token is bound, if any. */
  pod: string | undefined;
  /** Identifies the user's token, as `JTI=` and its `jti`; undefined for a user without one. */
  credential: string | undefined;
  verb: string;
  /** The resource with its subresource, such as `pods/status`, or a path, such as `/version`. */
  resource: string;
  /** The status code; 0 if the client disconnected before the response. */
  code: number;
}>;

type AuditEvent = {
  auditID: string;
  requestReceivedTimestamp: string;
  requestURI: string;
  verb: string;
  user: { username: string; extra?: Record<string, string[]> };
  objectRef?: { resource?: string; subresource?: string };
  responseStatus?: { code?: number };
};

const POD = 'authentication.kubernetes.io/pod-name';
const CREDENTIAL = 'authentication.kubernetes.io/credential-id';

/**
 * The requests with a response, and the watches, including open ones, in the order of their first
 * response.
 */
export async function readAuditLog(file: string): Promise<AuditedRequest[]> {
  const requests = new Map<string, AuditedRequest>();
  // What follows the last newline is not completely written yet.
  for (const line of (await readFile(file, 'utf8')).split('\n').slice(0, -1)) {
    // A watch has two entries: at its start, and at its end.
    const event: AuditEvent = JSON.parse(line);
    requests.set(event.auditID, requestOf(event));
  }
  return [...requests.values()];
}

/** Counts identical requests, the most frequent first. */
export function countRequests(
  requests: readonly AuditedRequest[],
): (Pick<AuditedRequest, 'user' | 'verb' | 'resource' | 'code'> & { count: number })[] {
  const alike = Map.groupBy(requests, ({ user, verb, resource, code }) =>
    JSON.stringify({ user, verb, resource, code }),
  );
  return [...alike]
    .map(([key, { length }]) => ({ ...JSON.parse(key), count: length }))
    .toSorted((one, other) => other.count - one.count);
}

function requestOf(event: AuditEvent): AuditedRequest {
  const { user, verb, objectRef, responseStatus } = event;
  const { resource, subresource } = objectRef ?? {};
  const path = event.requestURI.replace(/\?.*/, '');
  return {
    time: new Date(event.requestReceivedTimestamp),
    user: user.username,
    pod: user.extra?.[POD]?.[0],
    credential: user.extra?.[CREDENTIAL]?.[0],
    verb,
    resource: resource ? [resource, subresource].filter(Boolean).join('/') : path,
    code: responseStatus?.code ?? 0,
  };
}
