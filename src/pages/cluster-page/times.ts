import { type Html, html } from './html.ts';

/** The last Unix time that a date can hold, in seconds. */
const MAX_TIME = 8.64e12;

/** `4 s`, `25 min`, `3 h 10 min`, `2 d 4 h`: how long something has lasted, in seconds. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** A Unix time as a time of day in UTC, with the date where it is more than a day from `now`. */
export function time(unixSeconds: number, now: number): Html {
  if (!(Math.abs(unixSeconds) <= MAX_TIME)) return html`<time>an unknown time</time>`;
  const text = new Date(unixSeconds * 1000).toISOString();
  const day = Math.abs(now - unixSeconds) > 86_400 ? `${text.slice(0, 10)} ` : '';
  return html`<time datetime="${text}">${day}${text.slice(11, 19)} UTC</time>`;
}

/** An age in seconds that the page's script counts on. */
export function age(seconds: number): Html {
  const whole = Math.max(0, Math.round(seconds));
  return html`<span class="age" data-age="${whole}">${duration(whole)}</span>`;
}
