import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { deadline } from '../deadline.ts';
import { GrowingBytes } from '../growing-bytes.ts';
import type { Signal } from '../model.ts';
import { printable } from '../printable.ts';
import { untrusted } from '../tls-verification.ts';
import { loadAccess } from './credentials.ts';
import { forgetExecCredentials } from './exec-plugin.ts';

/** Timeout for the head of a response, in milliseconds. */
const RESPONSE_HEAD_TIMEOUT_MS = 10_000;

/** Timeout for the body of an error response, in milliseconds. */
const ERROR_BODY_TIMEOUT_MS = 10_000;

/**
 * Idle time before TCP keep-alive probes, in milliseconds. The system closes the connection some
 * 10 s later.
 */
const KEEP_ALIVE_MS = 15_000;

/** How many bytes of an error's body to read. */
const MAX_ERROR_BYTES = 64 * 1024;

/** How many characters of an error's message to show: it goes to the log and to `/alive`. */
const MAX_MESSAGE_LENGTH = 300;

/** Added to the error if the certificate of the API server is not trusted. */
const REMEDY = "only the cluster's CA is trusted: ca.crt of the service account, or the kubeconfig";

/** The API server responded with a status other than 200. */
export class ApiError extends Error {
  readonly status: number;
  /** Value of `Retry-After`, in seconds. */
  readonly retryAfter: number | undefined;

  constructor(status: number, message: string, retryAfter?: number) {
    super(`the API server responded with ${status}: ${printable(message, MAX_MESSAGE_LENGTH)}`);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

/**
 * Sends a `GET` to the API server, with freshly read credentials, and returns the response once its
 * head has arrived with status 200. Rejects with an `ApiError` for any other status, with the error
 * that occurred, or with the signal's reason. The signal also aborts a response that is still
 * arriving.
 */
export async function apiRequest(
  path: string,
  query: Readonly<Record<string, string>>,
  signal: Signal,
  headers: Readonly<Record<string, string>> = {},
): Promise<IncomingMessage> {
  const { server, options } = await loadAccess();
  const url = new URL(`${server.pathname.replace(/\/$/, '')}${path}`, server);
  url.search = new URLSearchParams(query).toString();

  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const begin = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = begin(url, {
      ...options,
      headers: {
        ...options.headers,
        accept: 'application/json',
        'user-agent': 'kubenurse',
        ...headers,
      },
    });
    const limit = deadline(
      signal,
      RESPONSE_HEAD_TIMEOUT_MS,
      `no response from the API server within ${RESPONSE_HEAD_TIMEOUT_MS / 1000} s`,
    );
    const abort = () => request.destroy(limit.signal.reason);
    limit.signal.addEventListener('abort', abort, { once: true });
    request.once('socket', (socket) => socket.setKeepAlive(true, KEEP_ALIVE_MS));
    request.on('error', (error) => {
      limit[Symbol.dispose]();
      const words = untrusted(error, REMEDY);
      reject(words === undefined ? error : new Error(words, { cause: error }));
    });
    request.once('response', (message) => {
      limit[Symbol.dispose]();
      limit.signal.removeEventListener('abort', abort);
      const cut = () => message.destroy(signal.reason);
      signal.addEventListener('abort', cut, { once: true });
      message.once('close', () => signal.removeEventListener('abort', cut));
      // The connection may break between two reads, and its error needs a listener.
      message.on('error', () => {});
      resolve(message);
    });
    request.end();
    if (signal.aborted) abort();
  });
  if (response.statusCode === 200) return response;
  throw await apiError(response);
}

async function apiError(response: IncomingMessage): Promise<ApiError> {
  const status = response.statusCode ?? 0;
  if (status === 401) forgetExecCredentials();
  const retryAfter = Number(response.headers['retry-after']);
  let message = response.statusMessage ?? '';
  const limit = setTimeout(() => response.destroy(), ERROR_BODY_TIMEOUT_MS);
  try {
    const body = JSON.parse(await readBody(response, MAX_ERROR_BYTES));
    if (typeof body?.message === 'string') message = body.message;
  } catch {
    // The status says enough.
  } finally {
    clearTimeout(limit);
  }
  return new ApiError(
    status,
    message,
    Number.isFinite(retryAfter) && retryAfter >= 0 ? retryAfter : undefined,
  );
}

/** The bytes of a response, decompressed if it is gzipped. */
export function unpacked(response: IncomingMessage): AsyncIterable<Buffer> {
  const isPacked = response.headers['content-encoding'] === 'gzip';
  return isPacked ? pipeline(response, createGunzip(), () => {}) : response;
}

/** Reads a response to its end. Rejects if it breaks off or exceeds `most` bytes (decompressed). */
export async function readBody(response: IncomingMessage, most: number): Promise<string> {
  const body = new GrowingBytes();
  for await (const chunk of unpacked(response)) {
    if (body.length + chunk.length > most) {
      response.destroy();
      throw new Error(`the response of the API server exceeds ${most} bytes`);
    }
    body.add(chunk);
  }
  return body.bytes().toString();
}
