import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Collector, type CollectorOptions, createCollector } from '../../src/collector/index.js';
import { findChromium, launchBrowser, openVisit, type Visit } from './browser.js';

const chromium = findChromium('the pages of the collector in a real browser');

const TIMEOUT_MS = 300_000;

describe.skipIf(chromium === undefined)('a developer at the pages of the collector', { timeout: TIMEOUT_MS }, () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchBrowser(chromium!);
  }, TIMEOUT_MS);
  afterAll(() => browser?.close());

  async function opened(options: CollectorOptions = {}): Promise<Visit & { collector: Collector }> {
    const collector = await createCollector(options);
    const visit = await openVisit(browser);
    onTestFinished(async () => {
      await visit.page.context().close();
      await collector.close();
    });
    return { ...visit, collector };
  }

  /** Sends an event of one visitor. */
  async function track(collector: Collector, event: string): Promise<void> {
    const body = { token: 'test_shop', event, userId: 'visitor-1', defaultProperties: { sid: '1' } };
    const headers = { 'content-type': 'application/json' };
    await fetch(`${collector.baseUrl}/track`, { method: 'POST', headers, body: JSON.stringify(body) });
  }

  it('sees events as they arrive, holds them while reading, and then catches up', async () => {
    const { page, collector, errors } = await opened();
    await page.goto(collector.url);
    const rows = page.locator('#rows > li');
    await track(collector, 'signed_up');
    await rows.filter({ hasText: 'signed_up' }).waitFor();

    await page.getByRole('button', { name: 'Pause' }).click();
    await track(collector, 'paid');
    await page.getByRole('button', { name: 'Show 1 new' }).click();
    await rows.filter({ hasText: 'paid' }).waitFor();
    expect(await rows.count()).toBe(2);
    expect(errors).toEqual([]);
  });

  it('holds new rows while one is open', async () => {
    const { page, collector } = await opened();
    await track(collector, 'signed_up');
    await page.goto(collector.url);
    await page.locator('#rows > li').first().locator('summary').click();
    await track(collector, 'paid');
    await page.getByRole('button', { name: 'Show 1 new' }).waitFor();
    expect(await page.locator('#rows > li').count()).toBe(1);
  });

  it('creates an experiment with only the keyboard, starts it, sees it convert, stops it and names the winner', async () => {
    const { page, collector, errors } = await opened();
    await page.goto(`${collector.url}/experiments/new`);
    const type = async (label: string, text: string): Promise<void> => {
      await page.getByLabel(label, { exact: true }).focus();
      await page.keyboard.type(text);
    };
    await type('Key', 'checkout');
    await type('Variant 1', 'classic');
    await type('Variant 2', 'one_page');
    await type('Goal', 'paid');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Start' }).press('Enter');
    await page.getByRole('button', { name: 'Pause' }).waitFor();

    const headers = { 'content-type': 'application/json' };
    const question = JSON.stringify({ token: 'exp_shop', visitor_id: 'visitor-1' });
    const url = `${collector.baseUrl}/experiments/assignments/checkout`;
    const { variant_name } = (await (await fetch(url, { method: 'POST', headers, body: question })).json()) as {
      variant_name: string;
    };
    await track(collector, 'paid');
    await page.reload();
    expect(await page.getByRole('row', { name: variant_name }).first().textContent()).toMatch(/1\s*1\s*100/);

    await page.getByRole('link', { name: 'Declare a winner…' }).press('Enter');
    await page.getByLabel(variant_name).press('Space');
    await page.getByRole('button', { name: 'Declare the winner' }).press('Enter');
    await page.getByText('completed').first().waitFor();
    expect(await page.getByRole('button', { name: 'Pause' }).count()).toBe(0);
    expect(errors).toEqual([]);
  });

  it('reads long names on a narrow screen, of which nothing is cut and no two overlap', async () => {
    const key = 'checkout_redesign_with_one_page_and_guest_login';
    const { page, collector } = await opened({
      experiments: [
        {
          key,
          variants: [{ name: 'classic' }, { name: 'one_page' }],
          primary: 'subscription_started_after_trial_period_completed',
          secondary: ['trial_cancelled_before_first_payment', 'newsletter_subscription_confirmed', 'refund'],
        },
      ],
    });
    await track(collector, 'page_view');
    await fetch(`${collector.baseUrl}/experiments/assignments/${key}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token: 'exp_shop', visitor_id: 'visitor-1' }),
    });
    await page.setViewportSize({ width: 400, height: 900 });
    for (const path of ['/', '/visitors/1', '/experiments', 'the experiment']) {
      if (path === 'the experiment') await page.getByRole('link', { name: key }).click();
      else await page.goto(`${collector.url}${path}`);
      expect.soft(await overfullIn(page), path).toEqual([]);
    }
  });
});

/** The parts of a page whose content is larger than they are. */
function overfullIn(page: Page): Promise<string[]> {
  return page.evaluate<string[]>(`[...document.querySelectorAll('html, .row, .step, .scroll, td')]
    .filter((part) => part.scrollWidth > part.clientWidth || (part.matches('td') && part.scrollHeight > part.clientHeight))
    .map((part) => part.localName + ' ' + (part.dataset.label ?? part.className))`);
}
