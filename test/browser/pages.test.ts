import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Collector, createCollector } from '../../src/collector/index.js';
import { findChromium, launchBrowser, openVisit, type Visit } from './browser.js';

const chromium = findChromium('the pages of the collector in a real browser');

const TIMEOUT_MS = 300_000;

describe.skipIf(chromium === undefined)('a developer at the pages of the collector', { timeout: TIMEOUT_MS }, () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchBrowser(chromium!);
  }, TIMEOUT_MS);
  afterAll(() => browser?.close());

  async function opened(): Promise<Visit & { collector: Collector }> {
    const collector = await createCollector();
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
});
