import type { X509Certificate } from 'node:crypto';
import type { Outcome } from '../model.ts';
import { expiryOf } from './certificate-expiry.ts';
import { CheckClock } from './check-clock.ts';
import type { Phase } from './phases.ts';
import { TcpAccount } from './tcp-account.ts';

/** A moment of a request, by the name it has in the metric label `event` (the contract). */
export type TraceEvent =
  | 'dns_start'
  | 'dns_done'
  | 'connect_start'
  | 'connect_done'
  | 'tls_handshake_start'
  | 'tls_handshake_done'
  | 'got_conn'
  | 'wrote_request'
  | 'got_first_resp_byte';

/** How far one request has come. It starts with the first event, when everything local is ready. */
export class Progress {
  phase: Phase = 'resolve';
  readonly timings: { [event in TraceEvent]?: number } = {};
  /** Shared by all requests of one check. */
  readonly tcp: TcpAccount;
  readonly clock: CheckClock;
  /** The server's, also one that is not trusted; undefined before a TLS handshake has come that far. */
  certificate: X509Certificate | undefined;
  /** In how many the response has been received. */
  reads = 0;
  #start: number | undefined;

  constructor(tcp = new TcpAccount(), clock = new CheckClock()) {
    this.tcp = tcp;
    this.clock = clock;
  }

  /** That of the next request of the same check. */
  next(): Progress {
    return new Progress(this.tcp, this.clock);
  }

  /** When it started, in milliseconds of its clock; the current time if it has not started. */
  get start(): number {
    return this.#start ?? this.clock.now();
  }

  /** What is measured so far, as an outcome has it. */
  get measured(): Pick<Outcome, 'timings' | 'tcp' | 'certificates'> {
    const { timings, tcp, certificate } = this;
    return { timings, tcp: tcp.counts, certificates: certificate && expiryOf(certificate) };
  }

  /** Notes the moment, in seconds since the start. What happens again is not noted again. `now`: by the clock. */
  reached(event: TraceEvent, now = this.clock.now()): void {
    this.#start ??= now;
    this.timings[event] ??= (now - this.#start) / 1000;
  }

  /**
   * Notes that the request is written. TLS reports that a turn of the event loop late, when the response may have begun:
   * then it was written no later than that.
   */
  wroteRequest(): void {
    const { got_first_resp_byte: responded } = this.timings;
    if (responded === undefined) {
      this.reached('wrote_request');
      return;
    }
    delete this.timings.got_first_resp_byte;
    Object.assign(this.timings, { wrote_request: responded, got_first_resp_byte: responded });
  }
}
