import type { X509Certificate } from 'node:crypto';
import type { Outcome } from '../model.ts';
import { expiryOf } from './certificate-expiry.ts';
import { CheckClock } from './check-clock.ts';
import type { Phase } from './phases.ts';
import { TcpAccount } from './tcp-account.ts';

/** A step of a request, by its name in the metric label `event` (the contract). */
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

/** The progress of one request. It starts with the first event, when everything local is ready. */
export class Progress {
  phase: Phase = 'resolve';
  readonly timings: { [event in TraceEvent]?: number } = {};
  /** Shared by all requests of one check. */
  readonly tcp: TcpAccount;
  readonly clock: CheckClock;
  /** The server's certificate, trusted or not; undefined until a TLS handshake has got that far. */
  certificate: X509Certificate | undefined;
  /** How many reads the response has taken. */
  reads = 0;
  #start: number | undefined;

  constructor(tcp = new TcpAccount(), clock = new CheckClock()) {
    this.tcp = tcp;
    this.clock = clock;
  }

  /** The progress of the next request of the same check. */
  next(): Progress {
    return new Progress(this.tcp, this.clock);
  }

  /** When it started, in milliseconds of its clock; the current time if it has not started. */
  get start(): number {
    return this.#start ?? this.clock.now();
  }

  /** What has been measured so far, as an outcome has it. */
  get measured(): Pick<Outcome, 'timings' | 'tcp' | 'certificates'> {
    const { timings, tcp, certificate } = this;
    return { timings, tcp: tcp.counts, certificates: certificate && expiryOf(certificate) };
  }

  /** Records when the event first happened, in seconds since the start. `now`: by the clock. */
  reached(event: TraceEvent, now = this.clock.now()): void {
    this.#start ??= now;
    this.timings[event] ??= (now - this.#start) / 1000;
  }

  /**
   * Records that the request is written. TLS reports this a turn of the event loop late, when the
   * response may have begun: then it was written no later than that.
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
