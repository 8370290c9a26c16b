import type { V1ConfigMap } from '@kubernetes/client-node';
import { ofKind, probeOf, type Rendered } from './rendered.ts';

/** The values of the downward API, by the path of the field. */
export type Fields = Readonly<Record<string, string>>;

/**
 * The variables that kubelet gives to a DaemonSet's first container (makeEnvironmentVariables of
 * kubelet_pods.go): first those of the ConfigMaps, then the container's own, in which `$(NAME)`
 * refers to one above it. Throws if one has no value.
 */
export function environmentOf(rendered: Rendered, fields: Fields): Record<string, string> {
  const { container } = probeOf(rendered);
  const configMaps = ofKind<V1ConfigMap>(rendered, 'ConfigMap');
  const variables: Record<string, string> = {};
  for (const { configMapRef } of container.envFrom ?? []) {
    const configMap = configMaps.find(({ metadata }) => metadata?.name === configMapRef?.name);
    if (!configMap) throw new Error(`there is no ConfigMap ${configMapRef?.name}`);
    Object.assign(variables, configMap.data);
  }
  for (const { name, value, valueFrom } of container.env ?? []) {
    const path = valueFrom?.fieldRef?.fieldPath;
    const text = path === undefined ? value : fields[path];
    if (text === undefined) throw new Error(`${name} has no value`);
    variables[name] = text.replaceAll(
      /\$\((\w+)\)/g,
      (reference, other: string) => variables[other] ?? reference,
    );
  }
  return variables;
}
