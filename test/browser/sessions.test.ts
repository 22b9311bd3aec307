import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium, launchBrowser } from './browser.js';
import { createSessionWorld, type SessionWorld } from './session-world.js';

const chromium = findChromium('sessions that end, with the official browser SDK');

const TIMEOUT_MS = 300_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const NOON = Date.UTC(2026, 10, 3, 12);

/** The purchases' verdicts, and how many sessions were exposed and converted. */
function outcomeOf({ collector }: SessionWorld) {
  const { events, experiments } = collector.report();
  const verdicts = events.filter(({ event }) => event.event === 'purchase').map(({ verdict }) => verdict);
  const sum = (key: 'impressions' | 'conversions'): number =>
    experiments[0]!.variants.reduce((total, variant) => total + variant[key], 0);
  return { verdicts, units: sum('impressions'), conversions: sum('conversions') };
}

/** The sessions in events of the shop's servers. */
function stampedOn({ collector }: SessionWorld) {
  const views = collector.events().filter(({ event }) => event === 'page_viewed');
  return views.map(({ defaultProperties }) => defaultProperties?.sid);
}

describe.skipIf(chromium === undefined)('a visitor with the official browser SDK', { timeout: TIMEOUT_MS }, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser(chromium!);
  }, TIMEOUT_MS);
  afterAll(() => browser?.close());

  describe.each(['/assign', '/view-and-assign'])('who lands on %s', (path) => {
    it.each([
      [10 * MINUTE_MS, 'one', false],
      [10 * MINUTE_MS, 'two', false],
      [45 * MINUTE_MS, 'one', true],
      [45 * MINUTE_MS, 'two', true],
      [6 * HOUR_MS + 10 * MINUTE_MS, 'one', true],
      [DAY_MS, 'two', true],
    ] as const)(
      'after %i ms, in process %s, converts in the session of the purchase',
      async (awayMs, process, isNew) => {
        const world = await createSessionWorld(browser, { startsAt: NOON });
        const tab = await world.context.newPage();
        await world.open(tab, 'one', path);
        const first = await world.sid();
        await world.pass(awayMs);
        await world.open(tab, process, path);
        const second = await world.sid();
        expect(second !== first).toBe(isNew);
        await world.report(await world.pay(tab));
        expect(outcomeOf(world)).toEqual({ verdicts: ['counted'], units: isNew ? 2 : 1, conversions: 1 });
        // On landing the new session is not known yet, and the old one has ended.
        if (path === '/view-and-assign') expect(stampedOn(world)).toEqual([first, isNew ? undefined : first]);
      },
    );
  });

  it('who is active past midnight UTC stays in the session, and gets a new one after 45 idle minutes', async () => {
    const world = await createSessionWorld(browser, { startsAt: Date.UTC(2026, 10, 3, 23, 50) });
    const tab = await world.context.newPage();
    await world.open(tab, 'one', '/view-and-assign');
    const first = await world.sid();
    await world.pass(20 * MINUTE_MS);
    await world.open(tab, 'one', '/view-and-assign');
    expect(await world.sid()).toBe(first);
    await world.report(await world.pay(tab));
    await world.pass(45 * MINUTE_MS);
    await world.open(tab, 'one', '/view-and-assign');
    expect(await world.sid()).not.toBe(first);
    await world.report(await world.pay(tab));
    expect(outcomeOf(world)).toEqual({ verdicts: ['counted', 'counted'], units: 2, conversions: 2 });
  });

  it('who lands in a second tab buys from the first one in their shared session', async () => {
    const world = await createSessionWorld(browser, { startsAt: NOON });
    const [early, late] = [await world.context.newPage(), await world.context.newPage()];
    await world.open(early, 'one', '/view-and-assign');
    const first = await world.sid();
    await world.pass(45 * MINUTE_MS);
    await world.open(late, 'one', '/view-and-assign');
    expect(await world.sid()).not.toBe(first);
    await world.report(await world.pay(early));
    expect(outcomeOf(world)).toEqual({ verdicts: ['counted'], units: 2, conversions: 1 });
  });

  it('whose session is in the address stays in it after 45 idle minutes, and after 7 hours', async () => {
    for (const awayMs of [45 * MINUTE_MS, 7 * HOUR_MS]) {
      const world = await createSessionWorld(browser, { startsAt: NOON });
      const tab = await world.context.newPage();
      await world.open(tab, 'one', '/assign');
      await world.pass(10 * MINUTE_MS);
      await world.open(tab, 'one', '/view-and-assign?ours_session_id=app-7');
      expect(await world.sid()).toBe('app-7');
      await world.pass(awayMs);
      await world.report(await world.pay(tab));
      const { verdicts } = outcomeOf(world);
      expect(verdicts).toEqual([awayMs > 6 * HOUR_MS ? 'counted_late' : 'counted']);
      expect(stampedOn(world)).toEqual(['app-7']);
    }
  });

  it.each([-5 * MINUTE_MS, 5 * MINUTE_MS, -2 * DAY_MS, 2 * DAY_MS])(
    'whose clock is wrong by %i ms converts in the new session all the same',
    async (browserAheadMs) => {
      const world = await createSessionWorld(browser, { startsAt: NOON, browserAheadMs });
      const tab = await world.context.newPage();
      await world.open(tab, 'one', '/view-and-assign');
      const first = await world.sid();
      await world.pass(45 * MINUTE_MS);
      await world.open(tab, 'one', '/view-and-assign');
      expect(await world.sid()).not.toBe(first);
      await world.report(await world.pay(tab));
      expect(outcomeOf(world)).toEqual({ verdicts: ['counted'], units: 2, conversions: 1 });
    },
  );

  it('who is new converts on the first visit', async () => {
    const world = await createSessionWorld(browser, { startsAt: NOON });
    const tab = await world.context.newPage();
    await world.open(tab, 'one', '/assign');
    await world.report(await world.pay(tab));
    expect(outcomeOf(world)).toEqual({ verdicts: ['counted'], units: 1, conversions: 1 });
  });

  it('whom the server creates on the first visit converts at once, and is one unit when assigned again', async () => {
    const world = await createSessionWorld(browser, { startsAt: NOON });
    const tab = await world.context.newPage();
    await world.open(tab, 'one', '/made-by-server');
    await world.report(await world.pay(tab));
    await world.open(tab, 'one', '/assign');
    expect(outcomeOf(world)).toEqual({ verdicts: ['counted'], units: 1, conversions: 1 });
  });

  it('who paid in an earlier visit, with a webhook days later, converts in the new visit as well', async () => {
    const world = await createSessionWorld(browser, { startsAt: NOON });
    const tab = await world.context.newPage();
    await world.open(tab, 'one', '/assign');
    const token = await world.pay(tab);
    await world.pass(3 * DAY_MS);
    await world.report(token);
    await world.pass(MINUTE_MS);
    await world.open(tab, 'one', '/assign');
    await world.report(await world.pay(tab));
    expect(outcomeOf(world)).toEqual({ verdicts: ['counted_late', 'counted'], units: 2, conversions: 2 });
  });

  describe.each([
    ['the page, then the webhook', ['page', 'webhook']],
    ['the webhook, then the page', ['webhook', 'page']],
    ['only the page, because the webhook is lost', ['page']],
    ['only the webhook, because the page never loads', ['webhook']],
  ] as const)('whose purchase is reported by %s', (_, reports) => {
    it('buys once, in the same session, and converts once', async () => {
      const world = await createSessionWorld(browser, { startsAt: NOON });
      const tab = await world.context.newPage();
      await world.open(tab, 'one', '/assign');
      const token = await world.pay(tab);
      await world.pass(MINUTE_MS);
      for (const reporter of reports) {
        await (reporter === 'page' ? world.thank(tab, 'pi_3Qx') : world.report(token, 'pi_3Qx'));
      }
      expect(outcomeOf(world)).toEqual({ verdicts: ['counted'], units: 1, conversions: 1 });
    });
  });
});
