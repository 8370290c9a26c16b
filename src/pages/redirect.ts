import type { Context } from 'koa';

/** Redirects for good. Not by Koa, which parses all of `Accept` to choose the type of the body: milliseconds where it is long. */
export function redirectTo(context: Context, location: string): void {
  context.status = 301;
  context.set('Location', location);
  context.body = `Moved to ${location}\n`;
}
