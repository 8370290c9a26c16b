import type { Probe, Traits } from '../model.ts';
import { DNS } from './dns.ts';
import { HTTP, HTTPS } from './http.ts';
import type { Kind, KindOptions } from './kind.ts';
import { TCP } from './tcp.ts';
import { TLS } from './tls.ts';
import { UDP } from './udp.ts';

/** The kind of check of each URL scheme. */
const KINDS: Readonly<Record<string, Kind>> = {
  http: HTTP,
  https: HTTPS,
  tcp: TCP,
  tls: TLS,
  dns: DNS,
  udp: UDP,
};

/** Reads the target of a check. Throws an error that names the expected forms. */
export function readTarget(text: string): URL {
  const [, scheme = ''] = /^([a-z]+):/i.exec(text) ?? [];
  const kind = kindNamed(scheme.toLowerCase());
  const url = kind?.read(text);
  if (url !== undefined) return url;
  const forms = (kind === undefined ? Object.values(KINDS) : [kind]).map(({ form }) => form);
  throw new Error(`a target of the form ${forms.join(' or ')}`);
}

/** What is known about a check of this target before its first attempt. */
export function traitsOfTarget(url: URL): Traits {
  return kindOf(url).traits(url);
}

/** A probe for targets of every kind. */
export function createProbe(options: KindOptions): Probe {
  const probes = new Map<Kind, Probe>();
  return (target, signal) => {
    const kind = kindOf(target.url);
    const probe = probes.get(kind) ?? kind.createProbe(options);
    probes.set(kind, probe);
    return probe(target, signal);
  };
}

function kindOf({ protocol }: URL): Kind {
  const kind = kindNamed(protocol.slice(0, -1));
  if (kind === undefined) throw new Error(`no kind of check has the scheme ${protocol}`);
  return kind;
}

function kindNamed(scheme: string): Kind | undefined {
  return Object.hasOwn(KINDS, scheme) ? KINDS[scheme] : undefined;
}
