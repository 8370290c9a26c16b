import type { Context } from 'koa';

/** Answers `GET` and `HEAD` of one path. */
export type Page = KoaPage | RawPage;

export type KoaPage = (context: Context) => void | Promise<void>;

/** The type of a raw page's content. */
export const RAW_TYPE = 'text/plain; charset=utf-8';

/** A status, and a body of ASCII. */
export type RawResponse = Readonly<{ status: number; body: string }>;

/**
 * Responds with text that depends on the request's fields, by name in lower case, and nothing else of it: without Koa,
 * which takes a fifth of the time of an empty response, and to neighbours without node:http (docs/performance.md).
 */
export type RawPage = Readonly<{
  respond: (fields: Readonly<Record<string, string | string[] | undefined>>) => RawResponse;
}>;
