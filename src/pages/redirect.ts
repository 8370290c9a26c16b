import type { Context } from 'koa';

/**
 * Redirects permanently. Does not use Koa's redirect, which parses all of `Accept` to choose the
 * body's type: this takes milliseconds if it is long.
 */
export function redirectTo(context: Context, location: string): void {
  context.status = 301;
  context.set('Location', location);
  context.body = `Moved to ${location}\n`;
}
