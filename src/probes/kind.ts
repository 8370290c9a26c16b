import type { Probe, Traits } from '../model.ts';
import type { CheckClocks } from './check-clock.ts';
import type { RequestOptions } from './request.ts';
import type { ReadTcpInfo } from './tcp-info.ts';

/** Options for making a probe. */
export type ProbeOptions = RequestOptions &
  Readonly<{
    userAgent: string;
    /** Reads the kernel's statistics of each connection; undefined if that is not supported. */
    readTcpInfo?: ReadTcpInfo | undefined;
    /** Undefined: clocks that never stop. */
    clocks?: CheckClocks | undefined;
  }>;

/** The same for probes of every kind. */
export type KindOptions = ProbeOptions &
  Readonly<{
    /** The name servers of resolv.conf, `address` or `address:port`. */
    nameservers: () => readonly string[];
  }>;

/** A kind of check: everything specific to it. */
export type Kind = Readonly<{
  /** The form of its targets, for messages: `tcp://host:port`. */
  form: string;
  /** Reads a target of this kind; undefined if the text is not one. */
  read: (text: string) => URL | undefined;
  traits: (url: URL) => Traits;
  createProbe: (options: KindOptions) => Probe;
}>;
