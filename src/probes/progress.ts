import type { X509Certificate } from 'node:crypto';
import type { Outcome } from '../model.ts';
import { expiryOf } from './certificate-expiry.ts';
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

/** How far one request has come. Its clock starts with the first event, when everything local is ready. */
export class Progress {
  phase: Phase = 'resolve';
  readonly timings: { [event in TraceEvent]?: number } = {};
  /** Shared by all requests of one check. */
  readonly tcp: TcpAccount;
  /** The server's, also one that is not trusted; undefined before a TLS handshake has come that far. */
  certificate: X509Certificate | undefined;
  /** In how many the response has been received. */
  reads = 0;
  #start: number | undefined;

  constructor(tcp = new TcpAccount()) {
    this.tcp = tcp;
  }

  /** When its clock started, in milliseconds of `performance.now()`; the current time if it has not started. */
  get start(): number {
    return this.#start ?? performance.now();
  }

  /** What is measured so far, as an outcome has it. */
  get measured(): Pick<Outcome, 'timings' | 'tcp' | 'certificates'> {
    const { timings, tcp, certificate } = this;
    return { timings, tcp: tcp.counts, certificates: certificate && expiryOf(certificate) };
  }

  /** Notes the moment, in seconds since the start. What happens again is not noted again. `now`: of `performance.now()`. */
  reached(event: TraceEvent, now = performance.now()): void {
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
