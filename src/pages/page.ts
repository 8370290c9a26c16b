import type { Context } from 'koa';

/** Handles `GET` and `HEAD` requests for one path. */
export type Page = KoaPage | RawPage;

export type KoaPage = (context: Context) => void | Promise<void>;

/** The content type of a raw page. */
export const RAW_TYPE = 'text/plain; charset=utf-8';

/** A status and an ASCII body. */
export type RawResponse = Readonly<{ status: number; body: string }>;

/**
 * Responds with text that depends only on the request's fields, by name in lower case. It bypasses
 * Koa, which takes a fifth of the time of an empty response, and for neighbours node:http as well
 * (docs/performance.md).
 */
export type RawPage = Readonly<{
  respond: (fields: Readonly<Record<string, string | string[] | undefined>>) => RawResponse;
}>;
