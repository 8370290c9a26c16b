import { CAUSES } from '../model.ts';
import type { ClusterView, ExpectedPod, SilentPod } from '../verdict/report.ts';
import {
  type Fields,
  fieldsOf,
  InvalidField,
  listOf,
  MAX_NAME,
  MAX_TEXT,
  MAX_WORD,
  oneOf,
  orNull,
  textOf,
  timeOf,
} from './fields.ts';
import { type Kept, readReport } from './read-report.ts';

/** Maximum pods: Kubernetes supports 5,000 nodes; a larger cluster may be viewed, within limits. */
const MAX_PODS = 100_000;

/** Keeps all that was saved. */
const ALL: Kept = {
  checks: Number.POSITIVE_INFINITY,
  names: { takes: () => true },
  texts: { name: (text) => text, word: (text) => text, text: (text) => text },
  takeHour: () => true,
};

/**
 * The view of a saved `/cluster.json`, every field checked. Throws an `InvalidField` if the text is
 * something else.
 */
export function readSaved(text: string): ClusterView {
  const { view } = fieldsOf(parsed(text), 'the file');
  const fields = fieldsOf(view, 'view');
  const collector = fieldsOf(fields.collector, 'collector');
  return {
    now: timeOf(fields, 'now'),
    collector: namesOf(collector),
    expected: podsOf(fields, 'expected').map(expectedPod),
    podListAt: orNull(fields, 'podListAt', (name) => timeOf(fields, name)),
    podListError: orNull(fields, 'podListError', (name) => textOf(fields, name, MAX_TEXT)),
    cordoned: podsOf(fields, 'cordoned').map((name) => textOf({ name }, 'name', MAX_NAME)),
    reports: podsOf(fields, 'reports').map((report) => readReport(report, ALL)),
    silent: podsOf(fields, 'silent').map(silentPod),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new InvalidField('the file must be JSON', { cause });
  }
}

function podsOf(fields: Fields, name: string): readonly unknown[] {
  return listOf(fields[name], name, MAX_PODS);
}

function namesOf(fields: Fields) {
  return { pod: textOf(fields, 'pod', MAX_NAME), node: textOf(fields, 'node', MAX_NAME) };
}

function expectedPod(value: unknown): ExpectedPod {
  const fields = fieldsOf(value, 'an expected pod');
  return { ...namesOf(fields), zone: textOf(fields, 'zone', MAX_WORD) };
}

function silentPod(value: unknown): SilentPod {
  const fields = fieldsOf(value, 'a silent pod');
  return {
    ...namesOf(fields),
    cause: orNull(fields, 'cause', (name) => oneOf(fields, name, CAUSES)),
    text: textOf(fields, 'text', MAX_TEXT),
  };
}
