import { accessSync, constants } from 'node:fs';
import type { Browser } from 'playwright-core';

/** Where Debian's package `chromium` installs it. */
const PATH = '/usr/bin/chromium';

/** Why no browser can be started; undefined if one can. */
export function whyNoBrowser(): string | undefined {
  try {
    accessSync(PATH, constants.X_OK);
  } catch {
    return `${PATH} is missing: apt-get install chromium`;
  }
  try {
    import.meta.resolve('playwright-core');
    return undefined;
  } catch {
    return 'playwright-core is missing: npm ci';
  }
}

/**
 * Debian's Chromium. Its sandbox is off: tests run as root, and it opens only pages of this
 * project.
 */
export async function startBrowser(): Promise<Browser> {
  const { chromium } = await import('playwright-core');
  return chromium.launch({ executablePath: PATH, args: ['--no-sandbox'] });
}
