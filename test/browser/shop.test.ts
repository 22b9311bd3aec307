import type { Browser, Cookie, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CollectedEvent } from '../../src/collector/index.js';
import { toSid } from '../../src/protocol/identity.js';
import { IDENTIFY_EVENT, IMPRESSION_EVENT } from '../../src/protocol/wire.js';
import { until } from '../support/client.js';
import {
  accessibilityProblems,
  elsewhere,
  findChromium,
  launchBrowser,
  openVisit,
  screenshot,
  type Visit,
} from './browser.js';
import { type OpenShop, openShop } from './open-shop.js';

const chromium = findChromium('a real browser in the example shop, with the official browser SDK');

// A browser starts slowly, especially on a busy machine.
const TIMEOUT_MS = 300_000;

const VIEWPORTS = { desk: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } } as const;

describe.skipIf(chromium === undefined)('a person in the example shop', { timeout: TIMEOUT_MS }, () => {
  let browser: Browser;
  let shop: OpenShop;
  let visit: Visit;
  /** The variant and the payment that the page shows. */
  let shown: string | null;
  let paid: string | null;
  let cookies: Map<string, Cookie>;

  beforeAll(async () => {
    browser = await launchBrowser(chromium!);
    shop = await openShop();
    visit = await openVisit(browser);
    const { page } = visit;

    // The SDK creates the visitor and reloads the page, perhaps before it has loaded.
    await page.goto(shop.url, { waitUntil: 'commit' });
    const assigned = page.locator('body:not([data-variant=""])');
    await assigned.waitFor();
    shown = await assigned.getAttribute('data-variant');
    cookies = new Map((await page.context().cookies()).map((cookie) => [cookie.name, cookie]));
    await screenshot(page, 'shop-home');

    // Payments have a resolution of seconds: one in the second of the impression would appear to be before it.
    const impression = shop.collector.events().find(({ event }) => event === IMPRESSION_EVENT);
    await until(() => Math.floor(Date.now() / 1_000) * 1_000 > impression!.time);
    await page.getByRole('button', { name: 'Buy in usd' }).click();
    const thanks = page.locator('body[data-payment]');
    await thanks.waitFor();
    paid = await thanks.getAttribute('data-payment');
    await screenshot(page, 'shop-thanks');
    await shop.settled();
  }, TIMEOUT_MS);

  afterAll(async () => {
    await browser?.close();
    await shop?.close();
  });

  it('gets visitor and session in cookies from the official SDK', () => {
    expect(cookies.get('ours_device_id')?.value).toMatch(
      /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/,
    );
    const session: unknown = JSON.parse(decodeURIComponent(cookies.get('_cord_sdk_data')?.value ?? ''));
    expect(session).toMatchObject({ sid: expect.stringMatching(/^sid_\d{13}$/) });
  });

  it('is assigned once on the server, to the variant that the page shows', () => {
    const impressions = shop.collector.events().filter(({ event }) => event === IMPRESSION_EVENT);
    expect(impressions).toMatchObject([
      { userId: cookies.get('ours_device_id')?.value, eventProperties: { variant_name: shown } },
    ]);
  });

  it('converts only for that variant after the webhook', () => {
    const { experiments, events } = shop.collector.report();
    const [{ variants } = { variants: [] }] = experiments;
    const counted = variants.map(({ name, impressions, conversions }) => [name, impressions, conversions]);
    expect(counted).toEqual(['classic', 'one_page'].map((name) => [name, ...(name === shown ? [1, 1] : [0, 0])]));
    const purchases = events.filter(({ event }) => event.event === 'purchase');
    expect(purchases).toMatchObject([{ verdict: 'counted', event: { eventProperties: { order_id: paid } } }]);
  });

  it('sends events through the official SDK, with the same visitor and session', async () => {
    const sent = (): readonly CollectedEvent[] =>
      shop.collector.events().filter(({ event }) => event === IDENTIFY_EVENT);
    await until(() => sent().length > 0);
    const { sid } = JSON.parse(decodeURIComponent(cookies.get('_cord_sdk_data')?.value ?? ''));
    for (const { userId, defaultProperties } of sent()) {
      expect(userId).toBe(cookies.get('ours_device_id')?.value);
      expect(toSid(defaultProperties?.sid)).toBe(toSid(sid));
      expect(defaultProperties).toMatchObject({ host: new URL(shop.url).host, iframe: false });
    }
  });

  it('can read the collector’s answers, which never name another visitor', () => {
    expect(visit.errors).toEqual([]);
    expect(shop.collector.events().map(({ event }) => event)).not.toContain('$identity_recovered');
  });

  it('appears on the results page as a conversion of that variant', async () => {
    const { page } = visit;
    await page.goto(`${shop.collector.url}/experiments/checkout_redesign`);
    const results = await readTable(page, 'Conversions');
    const counted = results.map((row) => [row.Variant?.split(' ')[0], row.Impressions, row.Conversions]);
    expect(counted).toEqual(
      ['classic', 'one_page'].map((name) => [name, ...(name === shown ? ['1', '1'] : ['0', '0'])]),
    );
  });

  describe.each(['light', 'dark'] as const)('who opens the pages of the collector in %s colours', (colorScheme) => {
    it.each([
      ['events', async () => '/'],
      ['visitor', () => visitorPath(visit.page, shop.collector.url)],
      ['experiments', async () => '/experiments'],
      ['experiment-new', async () => '/experiments/new'],
      ['experiment', async () => '/experiments/checkout_redesign'],
    ])('can use the page of the %s, also on a phone', async (name, findPath) => {
      const { page } = visit;
      await page.emulateMedia({ colorScheme });
      const path = await findPath();
      for (const [device, viewport] of Object.entries(VIEWPORTS)) {
        await page.setViewportSize(viewport);
        const answer = await page.goto(`${shop.collector.url}${path}`);
        expect(answer?.status()).toBe(200);
        expect(await widthOf(page), 'scrolls sideways').toBeLessThanOrEqual(viewport.width);
        await screenshot(page, `${name}-${colorScheme}-${device}`);
        expect(await accessibilityProblems(page)).toEqual([]);
      }
    });
  });

  it('causes no error on any page', () => {
    expect(visit.errors).toEqual([]);
  });

  it('sends no request to another machine', () => {
    expect(visit.requests).toContain(`${shop.url}/ours.mjs`);
    expect(elsewhere(visit.requests)).toEqual([]);
  });
});

/** The path of the visitor's page, from a link on the events page. */
async function visitorPath(page: Page, url: string): Promise<string> {
  await page.goto(url);
  return (await page.locator('a[href^="/visitors/"]').first().getAttribute('href')) ?? 'missing';
}

/** The rows of the table with this column, keyed by its header texts. */
async function readTable(page: Page, column: string): Promise<Readonly<Record<string, string>>[]> {
  const table = page.getByRole('table').filter({ has: page.getByRole('columnheader', { name: column, exact: true }) });
  const head = await table.locator('thead th').allTextContents();
  const rows = await table.locator('tbody tr').all();
  return Promise.all(
    rows.map(async (row) => {
      const cells = await row.locator('th, td').allTextContents();
      return Object.fromEntries(cells.map((cell, index) => [head[index]?.trim(), cell.trim()]));
    }),
  );
}

/** The full width of the page. */
function widthOf(page: Page): Promise<number> {
  return page.evaluate<number>('document.documentElement.scrollWidth');
}
