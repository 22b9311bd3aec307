import { afterEach, describe, expect, it } from 'vitest';
import { type Collector, createCollector } from '../../src/collector/index.js';
import { purchaseId } from '../../src/commerce/index.js';
import { createClient } from '../../src/index.js';

const VISITOR = '7efab679-1d7f-4cbe-a1b5-61836b1433ca';
const SESSION = String(Date.now() - 60_000);
const collectors: Collector[] = [];

afterEach(async () => {
  await Promise.all(collectors.splice(0).map((collector) => collector.close()));
});

async function startCollector(): Promise<Collector> {
  const experiment = { key: 'hero', variants: [{ name: 'C' }, { name: 'T' }], primary: 'purchase' };
  const collector = await createCollector({ experiments: [experiment] });
  collectors.push(collector);
  const ours = createClient({ token: 'test_shop', experimentToken: 'exp_shop', baseUrl: collector.baseUrl });
  await ours.visitor({ userId: VISITOR, sessionId: SESSION }).assign('hero', { timeoutMs: 60_000 });
  await ours.close();
  await sendFromPage(collector, { event: 'view', visitor_id: VISITOR, defaultProperties: { sid: SESSION } });
  return collector;
}

/** Sends a row as the browser SDK does. */
async function sendFromPage({ url }: Collector, row: object): Promise<void> {
  await fetch(`${url}/ingest`, { method: 'POST', body: JSON.stringify({ token: 'test_shop', data: [row] }) });
}

/** The row that the browser SDK sends on the thank-you page. */
async function reportFromPage(
  collector: Collector,
  payment: string,
  { visitor = VISITOR, sid = SESSION } = {},
): Promise<void> {
  await sendFromPage(collector, {
    event: 'purchase',
    visitor_id: visitor,
    distinct_id: purchaseId(payment),
    eventProperties: { order_id: payment },
    defaultProperties: { sid },
  });
}

async function reportFromWebhook({ baseUrl }: Collector, payment: string): Promise<void> {
  const ours = createClient({ token: 'test_shop', baseUrl });
  const charge = { object: 'charge', id: 'ch_1', payment_intent: payment };
  ours
    .visitor({ userId: VISITOR, sessionId: SESSION })
    .track('purchase', { order_id: payment }, { distinctId: purchaseId(charge) });
  await ours.close();
}

describe('a purchase that the page and the webhook report', () => {
  it.each([
    ['in another browser', { visitor: 'in-app-browser' }, 'not_in_experiment', 'id_used_for_another_visitor'],
    ['in the next session', { sid: String(Date.now()) }, 'other_session', 'id_used_in_another_session'],
  ])('is lost with a warning if the page reports it first %s', async (_, page, verdict, warning) => {
    const collector = await startCollector();
    await reportFromPage(collector, 'pi_1', page);
    await reportFromWebhook(collector, 'pi_1');
    const purchases = collector.report().events.filter(({ event }) => event.event === 'purchase');
    expect(purchases).toMatchObject([
      { verdict, warnings: [] },
      { verdict: 'duplicate_id', warnings: [warning] },
    ]);
  });

  it.each([
    ['page before webhook', [reportFromPage, reportFromWebhook]],
    ['webhook before page', [reportFromWebhook, reportFromPage]],
    ['page alone', [reportFromPage]],
    ['webhook alone', [reportFromWebhook]],
    ['webhook twice and then the page', [reportFromWebhook, reportFromWebhook, reportFromPage]],
  ])('counts once: %s', async (_, reports) => {
    const collector = await startCollector();
    for (const report of reports) await report(collector, 'pi_1');
    const { events, experiments } = collector.report();
    const purchases = events.filter(({ event }) => event.event === 'purchase');
    expect(purchases.map(({ verdict }) => verdict)).toEqual(['counted']);
    expect(experiments[0]!.variants.reduce((sum, { conversions }) => sum + conversions, 0)).toBe(1);
  });
});
