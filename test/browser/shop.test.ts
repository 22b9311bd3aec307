import type { Browser, Cookie } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CollectedEvent } from '../../src/collector/index.js';
import { toSid } from '../../src/protocol/identity.js';
import { IDENTIFY_EVENT, IMPRESSION_EVENT } from '../../src/protocol/wire.js';
import { until } from '../support/client.js';
import { elsewhere, findChromium, launchBrowser, openVisit, screenshot, type Visit } from './browser.js';
import { type OpenShop, openShop } from './open-shop.js';

const chromium = findChromium('a real browser in the example shop, with the official browser SDK');

// A browser takes its time to start, the more so on a busy machine.
const TIMEOUT_MS = 120_000;

describe.skipIf(chromium === undefined)('a person in the example shop', { timeout: TIMEOUT_MS }, () => {
  let browser: Browser;
  let shop: OpenShop;
  let visit: Visit;
  /** What the page said: which variant it is, and which payment it thanks for. */
  let shown: string | null;
  let paid: string | null;
  let cookies: Map<string, Cookie>;

  beforeAll(async () => {
    browser = await launchBrowser(chromium!);
    shop = await openShop();
    visit = await openVisit(browser);
    const { page } = visit;

    // The SDK makes the visitor and asks for the page once more, perhaps before it has loaded.
    await page.goto(shop.url, { waitUntil: 'commit' });
    const assigned = page.locator('body:not([data-variant=""])');
    await assigned.waitFor();
    shown = await assigned.getAttribute('data-variant');
    cookies = new Map((await page.context().cookies()).map((cookie) => [cookie.name, cookie]));
    await screenshot(page, 'shop-home');

    // Payments know whole seconds: one made in the second of the impression would seem to lie before it.
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

  it('gets visitor and session from the official SDK, in cookies', () => {
    expect(cookies.get('ours_device_id')?.value).toMatch(
      /^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/,
    );
    const session: unknown = JSON.parse(decodeURIComponent(cookies.get('_cord_sdk_data')?.value ?? ''));
    expect(session).toMatchObject({ sid: expect.stringMatching(/^sid_\d{13}$/) });
  });

  it('is assigned on the server, once, to the variant the page shows', () => {
    const impressions = shop.collector.events().filter(({ event }) => event === IMPRESSION_EVENT);
    expect(impressions).toMatchObject([
      { userId: cookies.get('ours_device_id')?.value, eventProperties: { variant_name: shown } },
    ]);
  });

  it('converts for that variant and no other when the webhook has come back', () => {
    const { experiments, events } = shop.collector.report();
    const [{ variants } = { variants: [] }] = experiments;
    const counted = variants.map(({ name, impressions, conversions }) => [name, impressions, conversions]);
    expect(counted).toEqual(['classic', 'one_page'].map((name) => [name, ...(name === shown ? [1, 1] : [0, 0])]));
    const purchases = events.filter(({ event }) => event.event === 'purchase');
    expect(purchases).toMatchObject([{ verdict: 'counted', event: { eventProperties: { order_id: paid } } }]);
  });

  it('is heard by the collector through the official SDK, under the same visitor and session', async () => {
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

  it('can read the answers of the collector, which never name another visitor', () => {
    expect(visit.errors).toEqual([]);
    expect(shop.collector.events().map(({ event }) => event)).not.toContain('$identity_recovered');
  });

  it('asks nothing of another machine', () => {
    expect(visit.requests).toContain(`${shop.url}/ours.mjs`);
    expect(elsewhere(visit.requests)).toEqual([]);
  });
});
