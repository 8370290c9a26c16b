import { duration } from '../../verdict/words.ts';

/**
 * Refreshes the page while it is visible, keeps what the reader has focused, selected or opened,
 * keeps ages current, and warns if the page has become old because the pod cannot be reached. The
 * page is readable without it.
 */
export const SCRIPT = `(() => {
'use strict';
const $ = (id) => document.getElementById(id);
const main = () => document.querySelector('main');
const pause = $('pause'), stale = $('stale'), live = $('live');
let loaded = performance.now(), paused = false, busy = false;
const every = () => Number(main().dataset.refresh) * 1000;
const inWords = ${duration};
const tick = () => {
  const passed = Math.round((performance.now() - loaded) / 1000);
  for (const each of document.querySelectorAll('[data-age]')) {
    const text = inWords(Number(each.dataset.age) + passed);
    if (each.textContent !== text) each.textContent = text;
  }
};
const isReading = () => {
  const selection = getSelection();
  return selection && !selection.isCollapsed && main().contains(selection.anchorNode);
};
const show = (text) => {
  const next = new DOMParser().parseFromString(text, 'text/html');
  const fresh = next.querySelector('main');
  if (!fresh) throw new Error('not the page');
  const open = [...document.querySelectorAll('details[open]')].map((each) => each.id);
  const active = document.activeElement;
  const key = active && main().contains(active) && (active.id ? '#' + CSS.escape(active.id) : active.getAttribute('href') && 'a[href="' + CSS.escape(active.getAttribute('href')) + '"]');
  const scrolled = [...document.querySelectorAll('.scroll')].map((each) => each.scrollLeft);
  const said = document.title;
  main().replaceWith(document.adoptNode(fresh));
  for (const id of open) if ($(id)) $(id).open = true;
  document.querySelectorAll('.scroll').forEach((each, index) => { each.scrollLeft = scrolled[index] || 0; });
  if (key) main().querySelector(key)?.focus({ preventScroll: true });
  document.title = next.title;
  const icon = next.querySelector('link[rel=icon]');
  if (icon) document.querySelector('link[rel=icon]').href = icon.getAttribute('href');
  if (said !== next.title) live.textContent = next.title;
  loaded = performance.now();
};
const refresh = async () => {
  if (busy || paused || document.hidden || isReading()) return;
  busy = true;
  try {
    const response = await fetch(location.href, { cache: 'no-store', signal: AbortSignal.timeout(15000) });
    if (!response.ok) throw new Error('status ' + response.status);
    show(await response.text());
    stale.hidden = true;
  } catch {
    stale.hidden = false;
  } finally {
    busy = false;
  }
};
pause.hidden = false;
pause.addEventListener('click', () => {
  paused = !paused;
  pause.setAttribute('aria-pressed', String(paused));
  if (!paused) refresh();
});
setInterval(tick, 1000);
let last = performance.now();
setInterval(() => {
  if (performance.now() - last < every()) return;
  last = performance.now();
  refresh();
}, 1000);
document.addEventListener('visibilitychange', () => { if (performance.now() - loaded > every()) refresh(); });
})();
`;
