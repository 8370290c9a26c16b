/** Attributes of the OpenTelemetry resource (semantic conventions); unknown ones are omitted. */
export function resourceAttributes(self: {
  podName: string;
  podUid: string | undefined;
  namespace: string | undefined;
  nodeName: string | undefined;
  version: string;
}): Record<string, string> {
  const attributes = {
    'service.name': 'kubenurse',
    'service.version': self.version,
    'service.instance.id': self.podUid ?? self.podName,
    'k8s.namespace.name': self.namespace,
    'k8s.pod.name': self.podName,
    'k8s.pod.uid': self.podUid,
    'k8s.node.name': self.nodeName,
  };
  return Object.fromEntries(
    Object.entries(attributes).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
