import type { KubeObject, Resource } from '../../parts/control-plane.ts';

/** Whether an object matches a selector. */
export type Predicate = (object: KubeObject) => boolean;

/** Label keys: an optional DNS subdomain and `/`, then a name. Values: a name or nothing. */
const NAME = '[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?';
const SUBDOMAIN = '[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*';
const LABEL_KEY = new RegExp(`^(?:${SUBDOMAIN}/)?${NAME}$`);
const LABEL_VALUE = new RegExp(`^(?:${NAME})?$`);

const WORD = String.raw`[^\s=!(),<>]+`;
const EQUALITY = String.raw`\s*(?<equality>==|!=|=)\s*(?<value>${WORD}|)`;
const SET = String.raw`\s+(?<set>in|notin)\s*\((?<values>[^=!()<>]*)\)`;
/** One requirement, and the comma or the end after it. */
const REQUIREMENT = String.raw`\s*(?:!\s*(?<absent>${WORD})|(?<key>${WORD})(?:${EQUALITY}|${SET})?)\s*(?<comma>,|$)`;

/**
 * Parses `a=b,c!=d,e in (f,g),h notin (i),j,!k` as the API server does, except for the numeric `<`
 * and `>`. Throws SyntaxError.
 */
export function parseLabelSelector(selector: string): Predicate {
  const requirements: Predicate[] = [];
  const requirement = new RegExp(REQUIREMENT, 'y');
  for (let another = selector.trim() !== ''; another; ) {
    const found = requirement.lastIndex;
    const groups = requirement.exec(selector)?.groups;
    if (!groups) {
      throw new SyntaxError(`unable to parse requirement: found '${selector.slice(found)}'`);
    }
    requirements.push(requirementOf(groups));
    another = groups.comma === ',';
  }
  return (object) => requirements.every((matches) => matches(object));
}

function requirementOf(groups: Record<string, string | undefined>): Predicate {
  const key = groups.absent ?? groups.key ?? '';
  if (!LABEL_KEY.test(key)) {
    throw new SyntaxError(`unable to parse requirement: <nil>: Invalid value: "${key}"`);
  }
  const label = (object: KubeObject) => object.metadata.labels?.[key];
  if (groups.absent !== undefined) return (object) => label(object) === undefined;

  const values = groups.value === undefined ? groups.values?.split(',') : [groups.value];
  if (values === undefined) return (object) => label(object) !== undefined;
  const wanted = new Set(values.map((value) => value.trim()));
  for (const value of wanted) {
    if (!LABEL_VALUE.test(value)) {
      const where = `values[0][${key}]: Invalid value: "${value}"`;
      throw new SyntaxError(`unable to parse requirement: ${where}`);
    }
  }
  // An object without the label matches != and notin.
  if (groups.equality === '!=' || groups.set === 'notin') {
    return (object) => !wanted.has(label(object) as string);
  }
  return (object) => wanted.has(label(object) as string);
}

/** The supported fields: of those that the API server knows, the ones needed here. */
const FIELDS: Record<Resource, Record<string, (object: KubeObject) => unknown>> = {
  pods: {
    'metadata.name': ({ metadata }) => metadata.name,
    'metadata.namespace': ({ metadata }) => metadata.namespace,
    'spec.nodeName': ({ spec }) => spec?.nodeName ?? '',
    'status.phase': ({ status }) => status?.phase ?? '',
  },
  nodes: {
    'metadata.name': ({ metadata }) => metadata.name,
    'spec.unschedulable': ({ spec }) => spec?.unschedulable ?? false,
  },
};

/**
 * Parses `spec.nodeName=a,status.phase!=Running` as the API server does. Throws SyntaxError, also
 * for an unsupported field.
 */
export function parseFieldSelector(resource: Resource, selector: string): Predicate {
  const terms = selector.split(',').filter((term) => term !== '');
  const matchers = terms.map((term): Predicate => {
    const [, name, operator, value] = /^([^=!]*)(!=|==|=)([^=]*)$/.exec(term) ?? [];
    if (name === undefined) {
      throw new SyntaxError(`invalid selector: '${selector}'; can't understand '${term}'`);
    }
    const field = Object.hasOwn(FIELDS[resource], name) ? FIELDS[resource][name] : undefined;
    if (!field) throw new SyntaxError(`field label not supported: ${name}`);
    return (object) => (String(field(object)) === value) === (operator !== '!=');
  });
  return (object) => matchers.every((matches) => matches(object));
}
