import type { RequestListener } from 'node:http';
import type { Context } from 'koa';

/** Answers `GET` and `HEAD` of one path. */
export type Page = KoaPage | RawPage;

export type KoaPage = (context: Context) => void | Promise<void>;

/** Serves requests without Koa, which takes a fifth of the time of an empty response (docs/performance.md). */
export type RawPage = Readonly<{ rawHandler: RequestListener }>;
