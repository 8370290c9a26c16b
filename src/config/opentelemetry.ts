import type { Parse } from './parsers.ts';

/** What the specification calls an enum: case-insensitive. */
export function enumOf<const Choice extends string>(choices: readonly Choice[]): Parse<Choice> {
  return (text) => {
    const choice = choices.find((choice) => choice === text.trim().toLowerCase());
    if (choice === undefined) throw new Error(`must be one of ${choices.join(', ')}`);
    return choice;
  };
}

const httpProtocol = enumOf(['http/protobuf', 'http/json']);

export const protocol: Parse<'http/protobuf' | 'http/json'> = (text, warn) => {
  if (text.trim().toLowerCase() !== 'grpc') return httpProtocol(text, warn);
  throw new Error(
    'must be http/protobuf or http/json: gRPC is not supported (its port is usually 4317, that of HTTP 4318)',
  );
};

/** What the specification calls a boolean: `true` or `false`, case-insensitive. */
export const otelBoolean: Parse<boolean> = (text) => {
  const lower = text.trim().toLowerCase();
  if (lower !== 'true' && lower !== 'false') throw new Error('must be "true" or "false"');
  return lower === 'true';
};

const OWN_EXPORTERS = /^(prometheus|otlp|console|none)$/i;
const MODULE = /^(\.{0,2}\/|@?[\w.-]+\/|[\w-]+-)[\w@./-]+$/;

/**
 * Names of exporters, or modules that create one; `none` alone for no exporter. Ignores the rest.
 */
export const exporters: Parse<readonly string[]> = (text, warn) => {
  const entries = text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
    .map((entry) => (OWN_EXPORTERS.test(entry) ? entry.toLowerCase() : entry));
  const unknown = entries.filter((entry) => !OWN_EXPORTERS.test(entry) && !MODULE.test(entry));
  const known = [...new Set(entries)].filter((entry) => !unknown.includes(entry));
  if (known.length === 0) throw new Error(EXPORTERS);
  if (unknown.length > 0) warn(`${EXPORTERS}; ignoring the rest`);
  if (known.length === 1 && known[0] === 'none') return [];
  if (known.includes('none')) warn('lists "none" together with other exporters: "none" is ignored');
  return known.filter((entry) => entry !== 'none');
};

const EXPORTERS =
  'must list prometheus, otlp, console or modules such as "./my-exporter.mjs" or "@acme/kubenurse-exporter"';

/**
 * `key=value,key=value`, percent-encoded (W3C Baggage, as the specification requires). Ignores
 * entries that cannot be read.
 */
export const keyValues: Parse<Readonly<Record<string, string>>> = (text, warn) => {
  const values: Record<string, string> = {};
  for (const [index, pair] of text.split(',').entries()) {
    if (pair.trim() === '') continue;
    const entry = readPair(pair);
    if (entry === undefined) {
      warn(
        `must be key=value,key=value with values percent-encoded: entry ${index + 1} is ignored`,
      );
    } else {
      values[entry.key] = entry.value;
    }
  }
  return values;
};

function readPair(pair: string): { key: string; value: string } | undefined {
  const [, key = '', value = ''] = /^\s*([^=\s]+)\s*=(.*)$/s.exec(pair) ?? [];
  if (key === '') return undefined;
  try {
    return { key: decodeURIComponent(key), value: decodeURIComponent(value.trim()) };
  } catch {
    return undefined;
  }
}
