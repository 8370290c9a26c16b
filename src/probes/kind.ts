import type { Probe, Traits } from '../model.ts';
import type { CheckClocks } from './check-clock.ts';
import type { RequestOptions } from './request.ts';
import type { ReadTcpInfo } from './tcp-info.ts';

/** What probes are made with. */
export type ProbeOptions = RequestOptions &
  Readonly<{
    userAgent: string;
    /** Reads the kernel's account of each connection; undefined if that is not supported. */
    readTcpInfo?: ReadTcpInfo | undefined;
    /** Undefined: clocks that never stand still. */
    clocks?: CheckClocks | undefined;
  }>;

/** The same for every kind. */
export type KindOptions = ProbeOptions &
  Readonly<{
    /** The name servers of resolv.conf, `address` or `address:port`. */
    nameservers: () => readonly string[];
  }>;

/** A kind of check: all that is its own. */
export type Kind = Readonly<{
  /** How its targets are written, for messages: `tcp://host:port`. */
  form: string;
  /** Reads a target of this kind; undefined where the text is none. */
  read: (text: string) => URL | undefined;
  traits: (url: URL) => Traits;
  createProbe: (options: KindOptions) => Probe;
}>;
