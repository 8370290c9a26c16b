import { STATUS_CODES } from 'node:http';
import type { Cause, Signal } from '../model.ts';
import { failure } from './failure.ts';
import { HttpVersions } from './http-versions.ts';
import { Progress } from './progress.ts';
import { type RequestOptions, request } from './request.ts';
import { TcpAccount } from './tcp-account.ts';
import type { ReadTcpInfo } from './tcp-info.ts';

export type FetchOptions = Omit<RequestOptions, 'maxBody'> &
  Readonly<{
    userAgent: string;
    readTcpInfo?: ReadTcpInfo | undefined;
  }>;

/**
 * The body of a response, or why there is none: the cause, as for a failed check, and a text.
 * `isTooLong`: its `Content-Length` exceeds `maxBody`.
 */
export type Fetched = Readonly<
  { body: Buffer } | { cause: Cause; text: string; isTooLong?: boolean }
>;

/** `peer`: the name of what should respond. Never rejects. */
export type FetchBody = (
  url: URL,
  peer: string,
  signal: Signal,
  maxBody: number,
) => Promise<Fetched>;

/**
 * A client that sends a `GET` over a new connection, as a check does, and returns the body of a
 * response with status 200 and a `Content-Length` of at most `maxBody` bytes. Redirects are not
 * followed.
 */
export function createFetchBody(options: FetchOptions): FetchBody {
  const versions = new HttpVersions();
  return async (url, peer, signal, maxBody) => {
    const attempt = {
      progress: new Progress(new TcpAccount(options.readTcpInfo)),
      isRedirected: false,
    };
    const headers = () => ({ 'User-Agent': options.userAgent });
    try {
      const {
        status,
        headers: fields,
        body,
      } = await request(url, headers, { ...options, maxBody }, versions, attempt, signal);
      if (status !== 200) {
        return { cause: 'status', text: `${status} ${STATUS_CODES[status] ?? ''}`.trim() };
      }
      const length = Number(fields.get('content-length') ?? Number.NaN);
      if (length <= maxBody) return { body: body.subarray(0, length) };
      return Number.isNaN(length)
        ? { cause: 'status', text: 'the response has no Content-Length' }
        : { cause: 'status', text: `the response exceeds ${maxBody} bytes`, isTooLong: true };
    } catch (error) {
      const { phase, tcp } = attempt.progress;
      const failed = failure({ phase, url, peer, error, tcp: tcp.last });
      return { cause: failed.cause, text: failed.error.message };
    }
  };
}
