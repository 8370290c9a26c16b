import { type KubernetesObject, loadAllYaml, type V1DaemonSet } from '@kubernetes/client-node';

/** Manifests as they are applied, and what is in them. */
export type Rendered = Readonly<{ yaml: string; objects: readonly KubernetesObject[] }>;

/** Throws if the text is not YAML. */
export function readManifests(yaml: string): Rendered {
  return { yaml, objects: loadAllYaml(yaml).filter((object) => object !== undefined) };
}

/** The objects of a kind. */
export function ofKind<Kind extends KubernetesObject>({ objects }: Rendered, kind: string): Kind[] {
  return objects.filter((object) => object.kind === kind) as Kind[];
}

/** The only object of its kind. Throws if there is none, or several. */
export function theOnly<Kind extends KubernetesObject>(rendered: Rendered, kind: string): Kind {
  const [object, ...others] = ofKind<Kind>(rendered, kind);
  if (!object || others.length > 0) throw new Error(`not one ${kind}`);
  return object;
}

/**
 * The pod template of the only DaemonSet, its pod, and the only container. Throws if there is none,
 * or several.
 */
export function probeOf(rendered: Rendered) {
  const template = theOnly<V1DaemonSet>(rendered, 'DaemonSet').spec?.template;
  const [container, ...others] = template?.spec?.containers ?? [];
  if (!template?.spec || !container || others.length > 0) throw new Error('not one container');
  return { template, pod: template.spec, container };
}
