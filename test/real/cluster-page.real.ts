import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Koa from 'koa';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import type { Cluster } from '../../src/cluster/model.ts';
import { clusterPage } from '../../src/pages/cluster-page/page.ts';
import { finish } from '../../src/verdict/steps.ts';
import { verdict } from '../../src/verdict/verdict.ts';
import { hostile, simulated } from '../pages/cluster-page/simulated.ts';
import { startBrowser, whyNoBrowser } from './browser.ts';

const RUNBOOKS = 'https://example.com/docs/runbooks/';
const WIDE = { width: 1280, height: 860 };
const PHONE = { width: 390, height: 844 };

/**
 * As behind the API server's proxy: the path of the page is not the root, and has no slash at its
 * end.
 */
const PATH = '/api/v1/namespaces/kubenurse/services/kubenurse:8080/proxy/cluster';

const skipped = whyNoBrowser();
let browser: Browser;

const GONE = { kind: 'gone', node: 'node-3', cause: 'unreachable', age: 700 } as const;

/** Shifts all times, so that the page shows the right age. */
function aged({ view, findings }: Cluster): Cluster {
  const shift = Date.now() / 1000 - 4 - view.now;
  const reports = view.reports.map((report) => ({
    ...report,
    startedAt: report.startedAt + shift,
    reportedAt: report.reportedAt + shift,
    checks: report.checks.map((check) => ({
      ...check,
      since: check.since === null ? null : check.since + shift,
      ...(check.lastHour && {
        lastHour: { ...check.lastHour, start: check.lastHour.start + shift },
      }),
    })),
  }));
  const podListAt = view.podListAt === null ? null : view.podListAt + shift;
  const moved = { ...view, now: view.now + shift, podListAt, reports };
  return { view: moved, findings: findings.length > 0 ? verdict(moved) : [] };
}

/**
 * Serves the page, and opens it. `problems`: what the browser has reported, such as a violation of
 * the policy.
 */
async function open(
  current: () => Cluster,
  options: Readonly<{ viewport?: typeof WIDE; javaScriptEnabled?: boolean; query?: string }> = {},
) {
  const app = new Koa();
  const page = clusterPage(
    async () => current(),
    RUNBOOKS,
    async (steps) => finish(steps),
  );
  if ('respond' in page) throw new Error('the page is served by koa');
  app.use((context) => (context.path === PATH ? page(context) : undefined));
  const server: Server = app.listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { viewport = WIDE, javaScriptEnabled = true, query = '' } = options;
  const tab = await browser.newPage({ viewport, javaScriptEnabled });
  onTestFinished(() => tab.close());
  const problems: string[] = [];
  tab.on('console', (message) => problems.push(message.text()));
  tab.on('pageerror', (error) => problems.push(error.message));
  tab.on('dialog', (dialog) => {
    problems.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  const { port } = server.address() as AddressInfo;
  await tab.goto(`http://127.0.0.1:${port}${PATH}${query}`);
  return { tab, problems, server };
}

/** The width of the whole page, which is wider than the window if it must be scrolled sideways. */
function widthOf(tab: Page): Promise<number> {
  return tab.evaluate('document.documentElement.scrollWidth');
}

const title = 'the cluster page in Chromium';
describe.skipIf(skipped)(skipped === undefined ? title : `${title}: ${skipped}`, () => {
  beforeAll(async () => {
    browser = await startBrowser();
  });
  afterAll(() => browser?.close());

  test.each([5, 50, 1_000])(
    '%i nodes, with and without a fault, are shown without a problem',
    async (size) => {
      for (const faults of [[], [GONE]]) {
        for (const viewport of [WIDE, PHONE]) {
          const cluster = aged(simulated(size, size > 5 ? 3 : 1, faults));
          const { tab, problems } = await open(() => cluster, { viewport });
          const [verdictCard] = await tab.locator('article h2').allInnerTexts();
          expect(verdictCard).toContain(
            faults.length > 0 ? 'node-3 is unreachable' : 'Everything works',
          );
          expect(await widthOf(tab)).toBe(viewport.width);
          // The verdict is visible without scrolling.
          await expect(tab.locator('article h2').first().isVisible()).resolves.toBe(true);
          const box = await tab.locator('article').first().boundingBox();
          expect((box?.y ?? Infinity) + 100).toBeLessThan(viewport.height);
          expect(problems).toEqual([]);
        }
      }
    },
  );

  test('without scripts all of it can be read, and a node can be chosen', async () => {
    const cluster = aged(simulated(5, 1, [GONE]));
    const { tab, problems } = await open(() => cluster, { javaScriptEnabled: false });
    await tab.getByRole('link', { name: 'Checks of node-3' }).click();
    expect(new URL(tab.url()).pathname).toBe(PATH);
    const detail = tab.getByRole('region', { name: 'node-3', exact: true });
    expect(await detail.textContent()).toMatch(/Nodes that check node-3: 4 of 4 checks failing/);
    await tab.getByRole('link', { name: 'Close' }).click();
    expect(await detail.count()).toBe(0);
    await tab.getByRole('searchbox', { name: 'Node' }).fill(' node-4 ');
    await tab.getByRole('button', { name: 'Find' }).click();
    expect(await tab.getByRole('region', { name: 'node-4', exact: true }).count()).toBe(1);
    expect(new URL(tab.url()).hash).toBe('#node');
    expect(await tab.getByRole('button').allInnerTexts()).toEqual(['Find']);
    expect(problems).toEqual([]);
  });

  test('names and texts that are markup have no effect', async () => {
    const view = hostile.view();
    const cluster = aged({ view, findings: verdict(view) });
    const query = `?node=${encodeURIComponent(hostile.node)}#node`;
    const { tab, problems } = await open(() => cluster, { query });
    expect(await tab.locator('img, iframe').count()).toBe(0);
    expect(await tab.locator('script').count()).toBe(1);
    expect(
      await tab.getByRole('heading', { name: '<script>alert(2)</script>' }).count(),
    ).toBeGreaterThan(0);
    expect(problems).toEqual([]);
  });

  test('the keyboard alone reaches the verdict, a node, and the way back', async () => {
    const cluster = aged(simulated(5, 1, [GONE]));
    const { tab } = await open(() => cluster);
    await tab.keyboard.press('Tab');
    expect(await tab.evaluate('document.activeElement.textContent')).toBe('Skip to the verdict');
    await tab.keyboard.press('Enter');
    expect(await tab.evaluate('document.activeElement.id')).toBe('content');
    await tab.keyboard.press('Tab');
    expect(await tab.evaluate('document.activeElement.textContent')).toBe('Runbook');
    await tab.keyboard.press('Tab');
    await tab.keyboard.press('Enter');
    await tab.getByRole('region', { name: 'node-3', exact: true }).waitFor();
    const outline = 'getComputedStyle(document.activeElement).outlineStyle';
    await tab.keyboard.press('Tab');
    expect(await tab.evaluate(outline)).toBe('solid');
  });

  test.each([100, 1_000])(
    'with %i nodes, the keyboard passes everything within fifty stops',
    async (size) => {
      const { tab } = await open(() => aged(simulated(size, 3, [GONE])));
      const stops = tab.locator(
        ':is(a[href], button, input, summary, [tabindex]):not([tabindex="-1"])',
      );
      expect(await stops.count()).toBeLessThan(50);
      const find = tab.getByRole('searchbox', { name: 'Node' });
      const skipLink = 1;
      for (let presses = 0; presses < skipLink + 1; presses++) await tab.keyboard.press('Tab');
      expect(await find.evaluate((field) => field.matches(':focus'))).toBe(true);
      await tab.keyboard.type('node-44');
      await tab.keyboard.press('Enter');
      await tab.getByRole('region', { name: /^node-44 / }).waitFor();
    },
  );

  test('a screen reader finds the parts by name, and each cell by its row and column', async () => {
    const cluster = aged(simulated(5, 1, [GONE]));
    const { tab } = await open(() => cluster);
    for (const name of ['Verdict', 'Components', 'Between nodes', 'Last hour'])
      expect(await tab.getByRole('region', { name, exact: true }).count(), name).toBe(1);
    expect(await tab.getByRole('article', { name: /node-3 is unreachable/ }).count()).toBe(1);
    expect(await tab.getByRole('columnheader', { name: 'node-3' }).count()).toBe(1);
    expect(await tab.getByRole('rowheader', { name: 'node-1' }).count()).toBe(1);
    expect(await tab.getByRole('cell', { name: '✕ unreachable' }).count()).toBe(4);
    expect(await tab.getByRole('heading', { level: 1 }).textContent()).toMatch(
      /^5 nodes, 4 reported to/,
    );
    const large = aged(simulated(1_000, 3, [GONE]));
    const { tab: other } = await open(() => large);
    expect(await other.getByRole('link', { name: 'node-3: at fault' }).count()).toBe(1);
    const zone = other.getByRole('list', { name: /^Zone a 334 nodes/ });
    expect(await zone.getByRole('listitem').count()).toBe(334);
  });

  test('a refresh shows what has changed, keeps the focus, and shows when the pod does not respond', async () => {
    let cluster = aged(simulated(5, 1, []));
    const { tab, server, problems } = await open(() => cluster);
    await tab.getByRole('link', { name: 'node-4' }).focus();
    cluster = aged(simulated(5, 1, [GONE]));
    const pause = tab.getByRole('button', { name: 'Pause' });
    const toggle = () => pause.evaluate((button) => button.click());
    await toggle();
    await toggle();
    await tab.getByRole('article', { name: /node-3 is unreachable/ }).waitFor();
    expect(await tab.evaluate('document.activeElement.textContent')).toBe('node-4');
    expect(await tab.title()).toMatch(/^node-3 is unreachable/);
    expect(await tab.getByRole('status').textContent()).toMatch(/^node-3 is unreachable/);
    expect(problems).toEqual([]);
    server.closeAllConnections();
    server.close();
    await toggle();
    await toggle();
    await tab.getByRole('alert').waitFor();
    expect(await tab.getByRole('article', { name: /node-3 is unreachable/ }).count()).toBe(1);
  });

  test.skipIf(process.env.WRITE_PICTURES !== 'true')('the picture of the README', async () => {
    const cluster = aged(simulated(9, 3, [{ ...GONE, node: 'node-7' }]));
    const { tab } = await open(() => cluster);
    const path = new URL('../../docs/pictures/cluster-page.png', import.meta.url).pathname;
    await tab.screenshot({ path, clip: { x: 0, y: 0, ...WIDE, height: 1_172 }, fullPage: true });
  });
});
