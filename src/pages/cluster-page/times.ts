import { duration } from '../../verdict/words.ts';
import { type Html, html } from './html.ts';

/** The last Unix time that a date can hold, in seconds. */
const MAX_TIME = 8.64e12;

/** A Unix time as a time of day in UTC, with the date if it is more than a day from `now`. */
export function time(unixSeconds: number, now: number): Html {
  if (!(Math.abs(unixSeconds) <= MAX_TIME)) return html`<time>an unknown time</time>`;
  const text = new Date(unixSeconds * 1000).toISOString();
  const day = Math.abs(now - unixSeconds) > 86_400 ? `${text.slice(0, 10)} ` : '';
  return html`<time datetime="${text}">${day}${text.slice(11, 19)} UTC</time>`;
}

/** An age in seconds that the page's script keeps counting. */
export function age(seconds: number): Html {
  const whole = Math.max(0, Math.floor(seconds));
  return html`<span class="age" data-age="${whole}">${duration(whole)}</span>`;
}
