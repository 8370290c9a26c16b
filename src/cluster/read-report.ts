import { CAUSES, type Cause, type CertificateExpiry } from '../model.ts';
import type { CheckReport, LastHour, LastMinute, Minute, Report } from '../verdict/report.ts';
import {
  countOf,
  expiryOf,
  type Fields,
  fieldsOf,
  flagOf,
  InvalidField,
  listOf,
  MAX_NAME,
  MAX_TEXT,
  MAX_WORD,
  numberOf,
  oneOf,
  orNull,
  textOf,
  timeOf,
} from './fields.ts';
import type { KeptTexts } from './kept-texts.ts';
import type { KnownNames, Subject } from './known-names.ts';

/** Maximum characters of a label `type`: `path_` and a node name. */
const MAX_TYPE = 300;

/** Maximum checks in a report: twice the nodes that Kubernetes supports. */
const MAX_CHECKS = 10_000;

const MAX_MINUTES = 60;

/** Longest duration that is accepted, in seconds. */
const MAX_SECONDS = 86_400;

const KINDS = [
  'api_server_direct',
  'api_server_dns',
  'me_ingress',
  'me_service',
  'path',
  'udp',
  'name_server',
  'extra',
] as const;

/** How much is kept of a report. */
export type Kept = Readonly<{
  /** Maximum checks: the first ones are kept. */
  checks: number;
  names: Pick<KnownNames, 'takes'>;
  texts: Pick<KeptTexts, 'name' | 'word' | 'text'>;
  /** Whether there is room for the last hour of one more check. */
  takeHour: () => boolean;
}>;

/**
 * Reads a report from the network: checks every field, makes texts printable and cuts them, and
 * drops unknown fields. `maxAge`: what began more than this many seconds before the report counts
 * as having begun at that time. Throws an `InvalidField`.
 */
export function readReport(value: unknown, kept: Kept, maxAge = Infinity): Report {
  const fields = fieldsOf(value, 'the report');
  if (fields.schema !== 1) throw new InvalidField('schema must be 1');
  const neighbourhood = fieldsOf(fields.neighbourhood, 'neighbourhood');
  const reportedAt = timeOf(fields, 'reportedAt');
  const first = reportedAt - maxAge;
  return {
    schema: 1,
    pod: textOf(fields, 'pod', MAX_NAME),
    node: kept.texts.name(textOf(fields, 'node', MAX_NAME)),
    zone: kept.texts.word(textOf(fields, 'zone', MAX_WORD)),
    version: kept.texts.word(textOf(fields, 'version', MAX_WORD)),
    startedAt: Math.max(first, timeOf(fields, 'startedAt')),
    reportedAt,
    checkIntervalSeconds: numberOf(
      fields.checkIntervalSeconds,
      'checkIntervalSeconds',
      MAX_SECONDS,
    ),
    checks: readChecks(fields.checks, kept, first),
    eventLoopDelaySeconds: numberOf(
      fields.eventLoopDelaySeconds,
      'eventLoopDelaySeconds',
      MAX_SECONDS,
    ),
    neighbourhood: {
      state: kept.texts.word(textOf(neighbourhood, 'state', MAX_TEXT)),
      listedAt: orNull(neighbourhood, 'listedAt', (name) => timeOf(neighbourhood, name)),
    },
  };
}

function readChecks(value: unknown, kept: Kept, first: number): CheckReport[] {
  const checks = listOf(value, 'checks', MAX_CHECKS)
    .slice(0, kept.checks)
    .flatMap((check) => readCheck(check, kept, first) ?? []);
  if (new Set(checks.map(({ type }) => type)).size < checks.length) {
    throw new InvalidField('type must be unique');
  }
  return checks;
}

/** Undefined if there is no room for it. */
function readCheck(value: unknown, kept: Kept, first: number): CheckReport | undefined {
  const fields = fieldsOf(value, 'a check');
  const subject = readSubject(fields);
  return kept.names.takes(subject) ? restOf(fields, subject, kept, first) : undefined;
}

type ReadSubject = Subject & Readonly<{ kind: CheckReport['kind'] }>;

function readSubject(fields: Fields): ReadSubject {
  const kind = oneOf(fields, 'kind', KINDS);
  const type = textOf(fields, 'type', MAX_TYPE);
  const isPath = kind === 'path' || kind === 'udp';
  const node = isPath ? textOf(fields, 'node', MAX_NAME) : undefined;
  // Otherwise one pod could be many witnesses of the same node.
  const expected = isPath ? `${kind}_${node}` : kind === 'name_server' ? 'dns_<address>' : kind;
  if (kind === 'name_server' ? !type.startsWith('dns_') : kind !== 'extra' && type !== expected) {
    throw new InvalidField(`type must be ${expected}`);
  }
  return { kind, type, node };
}

function restOf(
  fields: Fields,
  { kind, type, node }: ReadSubject,
  kept: Kept,
  first: number,
): CheckReport {
  const hour = readHour(fields, kept);
  return {
    type: kept.texts.name(type),
    kind,
    ...(node === undefined
      ? {}
      : { node: kept.texts.name(node), zone: kept.texts.word(textOf(fields, 'zone', MAX_WORD)) }),
    ...(fields.suspect !== undefined && flagOf(fields, 'suspect') ? { suspect: true } : {}),
    byName: flagOf(fields, 'byName'),
    state: oneOf(fields, 'state', ['ok', 'failing', 'pending']),
    since: orNull(fields, 'since', (name) => Math.max(first, timeOf(fields, name))),
    ...(fields.lastAt === undefined
      ? {}
      : { lastAt: orNull(fields, 'lastAt', (name) => timeOf(fields, name)) }),
    consecutive: countOf(fields.consecutive, 'consecutive'),
    cause: orNull(fields, 'cause', (name) => causeOf(fields, name)),
    event: orNull(
      fields,
      'event',
      (name) => kept.texts.word(textOf(fields, name, MAX_WORD)) || null,
    ),
    text: orNull(fields, 'text', (name) => kept.texts.text(textOf(fields, name, MAX_TEXT))),
    lastMinute: readLastMinute(fieldsOf(fields.lastMinute, 'lastMinute')),
    ...(fields.certificateNotAfter === undefined
      ? {}
      : { certificateNotAfter: readCertificates(fields.certificateNotAfter) }),
    ...(hour === undefined ? {} : { lastHour: hour }),
  };
}

/** `other` for a cause that only a later version knows. */
function causeOf(fields: Fields, name: string): Cause {
  const cause = textOf(fields, name, MAX_WORD);
  return CAUSES.find((each) => each === cause) ?? 'other';
}

function readCertificates(value: unknown): CertificateExpiry {
  const fields = fieldsOf(value, 'certificateNotAfter');
  return { leaf: expiryOf(fields, 'leaf'), earliest: expiryOf(fields, 'earliest') };
}

function readLastMinute(fields: Fields): LastMinute {
  const seconds = (name: string) =>
    orNull(fields, name, () => numberOf(fields[name], name, MAX_SECONDS));
  return {
    checks: countOf(fields.checks, 'checks'),
    failures: countOf(fields.failures, 'failures'),
    medianSeconds: seconds('medianSeconds'),
    rttSeconds: seconds('rttSeconds'),
    segmentsSent: countOf(fields.segmentsSent, 'segmentsSent'),
    segmentsRetransmitted: countOf(fields.segmentsRetransmitted, 'segmentsRetransmitted'),
  };
}

function readHour({ lastHour }: Fields, kept: Kept): LastHour | undefined {
  if (lastHour === undefined || !kept.takeHour()) return undefined;
  const fields = fieldsOf(lastHour, 'lastHour');
  const minutes = listOf(fields.minutes, 'minutes', MAX_MINUTES);
  return { start: timeOf(fields, 'start'), minutes: minutes.map(readMinute) };
}

function readMinute(value: unknown): Minute {
  const [checks, failures, median] = listOf(value, 'a minute', 3);
  return [
    countOf(checks, 'the checks of a minute'),
    countOf(failures, 'the failures of a minute'),
    median === null ? null : numberOf(median, 'the median of a minute', MAX_SECONDS),
  ];
}
