import { isIP } from 'node:net';
import { readTarget } from '../probes/kinds.ts';
import { toUrlHost } from '../url-host.ts';

/**
 * Reads the text of a variable. Throws an error whose message states what would be valid:
 * `must be …`. `warn` is called with what the user should know about a value that is used anyway.
 */
export type Parse<Value> = (text: string, warn: (message: string) => void) => Value;

const MILLISECONDS: Record<string, number> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

/** `true` or `false`; any other text means the default, as in upstream. */
export function boolean(fallback: 'true' | 'false'): Parse<boolean> {
  return (text, warn) => {
    if (text === 'true' || text === 'false') return text === 'true';
    warn(`must be "true" or "false": using "${fallback}"`);
    return fallback === 'true';
  };
}

/** A Go duration (time.ParseDuration), in milliseconds. */
export function duration(least: string, most: string): Parse<number> {
  const range = { least: parseDuration(least) ?? 0, most: parseDuration(most) ?? 0 };
  return (text) => {
    const milliseconds = parseDuration(text);
    if (milliseconds === undefined) {
      throw new Error('must be a duration such as "5s", "1m30s" or "500ms"');
    }
    if (milliseconds < range.least || milliseconds > range.most) {
      throw new Error(`must be a duration from ${least} to ${most}`);
    }
    return milliseconds;
  };
}

function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  // µ and μ are escaped: for a single character beyond Latin-1, V8 keeps the whole packed program
  // in two bytes per character.
  const part = /(\d+\.?\d*|\.\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/gy;
  let sum = 0;
  let read = 0;
  for (const [whole, number, unit] of text.matchAll(part)) {
    sum += Number(number) * (MILLISECONDS[unit ?? ''] ?? 0);
    read += whole.length;
  }
  return read > 0 && read === text.length ? sum : undefined;
}

export function integer(least: number, most: number): Parse<number> {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least || value > most) {
      throw new Error(`must be a whole number from ${least} to ${most}`);
    }
    return value;
  };
}

/** How many neighbours to check: all if 0 or negative, as in upstream. */
export const neighbourLimit: Parse<number> = (text, warn) => {
  if (!/^-\d+$/.test(text)) return limit(text, warn);
  warn('is treated as 0: every neighbour is checked');
  return 0;
};

const limit = integer(0, 100_000);

export function oneOf<Choice extends string>(choices: readonly Choice[]): Parse<Choice> {
  return (text) => {
    if (!choices.includes(text as Choice)) throw new Error(`must be one of ${choices.join(', ')}`);
    return text as Choice;
  };
}

/** An http or https URL. */
export const url: Parse<URL> = (text) => {
  const parsed = URL.parse(text);
  if (parsed?.protocol !== 'http:' && parsed?.protocol !== 'https:') {
    throw new Error('must be an http or https URL such as "https://kubenurse.example.com"');
  }
  try {
    decodeURIComponent(parsed.username + parsed.password);
  } catch (cause) {
    throw new Error('must have percent-encoded credentials', { cause });
  }
  return parsed;
};

/** A URL to which a path is appended. */
export const baseUrl: Parse<URL> = (text, warn) => {
  const parsed = url(text, warn);
  if (parsed.search !== '' || parsed.hash !== '') {
    throw new Error('must be a URL without query or fragment, because a path is appended');
  }
  return parsed;
};

/** A host name or IP address, in the form used in a URL: an IPv6 address in brackets. */
export const host: Parse<string> = (text) => {
  const inUrl = toUrlHost(text);
  const isIPv6 = inUrl !== text;
  const isName = /^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?\.?$/.test(text);
  // A URL reads some names differently (10.1 as 10.0.0.1), and rejects others (10.0.0.256).
  const read = URL.parse(`https://${inUrl}`)?.hostname;
  if (isIPv6 ? read === undefined : !isName || read !== text.toLowerCase()) {
    throw new Error('must be a host name or an IP address');
  }
  return inUrl;
};

export const ipAddress: Parse<string> = (text) => {
  if (isIP(text) === 0) throw new Error('must be an IP address such as "127.0.0.1" or "::"');
  return text;
};

/** A name of a node, pod or namespace (RFC 1123 subdomain). */
export const name: Parse<string> = (text) => {
  if (!/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(text)) {
    throw new Error('must be a Kubernetes name: lower case letters, digits, "-" and "."');
  }
  return text;
};

export const path: Parse<string> = (text) => text;

/** Letters, digits and some punctuation, as in a UID. */
export const token: Parse<string> = (text) => {
  if (!/^[\w.:-]{1,253}$/.test(text)) {
    throw new Error('must be letters, digits, "-", ".", "_" and ":"');
  }
  return text;
};

/** Bucket boundaries in seconds. A final +Inf is allowed, since it always exists. */
export const buckets: Parse<readonly number[]> = (text) => {
  const bounds = text.split(',').map((bound) => (bound.trim() === '' ? NaN : Number(bound)));
  if (/,\s*\+?inf(inity)?\s*$/i.test(text)) bounds.pop();
  const rise = bounds.every(
    (bound, i) => bound > (bounds[i - 1] ?? -Infinity) && Number.isFinite(bound),
  );
  if (!rise) {
    throw new Error('must be increasing numbers of seconds, such as "0.001,0.01,0.1,1"');
  }
  return bounds;
};

export type ExtraCheck = Readonly<{ name: string; url: URL }>;

/** The types of the built-in checks, and the other keys of `/alive`. */
const RESERVED_NAMES =
  /^(api_server_direct|api_server_dns|me_ingress|me_service|path_.*|udp_.*|dns_.*|rotating|neighbourhood|neighbourhood_state)$/;

/** A name that can be a label value: no character that controls a terminal, and not too long. */
const EXTRA_NAME = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]{1,100}$/u;

/**
 * `name:url|name:url`; the names become values of the metric label `type`. If several checks have
 * the same name, the last one counts.
 */
export const extraChecks: Parse<readonly ExtraCheck[]> = (text, warn) => {
  const checks = new Map<string, ExtraCheck>();
  for (const entry of text.split('|')) {
    const check = extraCheck(entry);
    if (checks.has(check.name)) {
      warn(`names the check ${JSON.stringify(check.name)} more than once: the last one is used`);
    }
    checks.set(check.name, check);
  }
  return [...checks.values()];
};

function extraCheck(entry: string): ExtraCheck {
  const [, name = '', target = ''] = /^([^:]*):(.*)$/s.exec(entry.trim()) ?? [];
  if (!EXTRA_NAME.test(name)) {
    throw new Error('must be name:url|name:url with names of 1 to 100 printable characters');
  }
  if (RESERVED_NAMES.test(name)) {
    throw new Error(`must not name a check "${name}": that name is reserved`);
  }
  try {
    return { name, url: readTarget(target) };
  } catch (error) {
    throw new Error(`must give the check ${JSON.stringify(name)} ${(error as Error).message}`);
  }
}

const LABEL = `[A-Za-z0-9]([-A-Za-z0-9_./]*[A-Za-z0-9])?`;
const VALUE = `[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?`;
// A value may be empty. The space before it is part of its group, so that no text can match in two
// ways: with many spaces, trying all of them would take forever.
const SET = String.raw`\((?!\s*\))(\s*${VALUE})?(\s*,(\s*${VALUE})?)*\s*\)`;
const COMPARISON = String.raw`\s*(=|==|!=)(\s*${VALUE})?|\s*[<>]\s*\d+|\s+(in|notin)\s*${SET}`;
const REQUIREMENT = String.raw`\s*(!\s*${LABEL}|${LABEL}(${COMPARISON})?)\s*`;
const SELECTOR = new RegExp(`^${REQUIREMENT}(,${REQUIREMENT})*$`);

/** A label selector, as kubectl accepts it. */
export const labelSelector: Parse<string> = (text) => {
  if (text.length > 1_000 || !SELECTOR.test(text)) {
    throw new Error('must be a label selector such as "app=kubenurse"');
  }
  return text;
};

/** A list of some of these names. */
export function someOf(names: readonly string[]): Parse<readonly string[]> {
  return (text) => {
    const chosen = text.split(',').map((name) => name.trim());
    const unknown = chosen.find((name) => !names.includes(name));
    if (unknown !== undefined) {
      throw new Error(`must list known metrics; "${unknown}" is not one of: ${names.join(', ')}`);
    }
    return chosen;
  };
}
