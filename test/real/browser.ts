import { accessSync, constants } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

/** Where Debian's package `chromium` has it. */
const PATH = '/usr/bin/chromium';

/** Why no browser can be started; undefined when it can. */
export function whyNoBrowser(): string | undefined {
  try {
    accessSync(PATH, constants.X_OK);
    return undefined;
  } catch {
    return `${PATH} is missing: apt-get install chromium`;
  }
}

/** Debian's Chromium. Its sandbox is off: tests run as root, and it opens only pages of this project. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: PATH, args: ['--no-sandbox'] });
}
