import type { Context } from 'koa';

/** Answers `GET` and `HEAD` of one path. */
export type Page = (context: Context) => void | Promise<void>;
