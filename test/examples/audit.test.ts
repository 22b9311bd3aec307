import { describe, expect, it, onTestFinished } from 'vitest';
import { audit } from '../../examples/simulation/audit.js';
import { createLedger, type Ledger } from '../../examples/simulation/ledger.js';
import { type Collector, createCollector } from '../../src/collector/index.js';
import { createClient } from '../../src/index.js';

const purchase = { order_id: 'pi_1', value: 49, currency: 'USD' };

/** A visitor who sees a variant and buys; `track` reports the purchase. */
async function visitAndBuy(
  track: (visitor: ReturnType<ReturnType<typeof createClient>['visitor']>) => void,
  see = (variant: string | undefined) => variant,
): Promise<[Collector, Ledger]> {
  const collector = await createCollector({
    goal: 'purchase',
    experiments: [{ key: 'checkout_redesign', variants: [{ name: 'classic' }, { name: 'one_page' }] }],
  });
  const ours = createClient({ token: 'test_shop', experimentToken: 'exp_shop', baseUrl: collector.baseUrl });
  const visitor = ours.visitor({ userId: 'visitor', sessionId: 'sid_1' });
  visitor.track('page_viewed');
  const { variantName } = await visitor.assign('checkout_redesign', { timeoutMs: 60_000 });
  track(visitor);
  await ours.close();
  onTestFinished(() => collector.close());

  const ledger = createLedger();
  ledger.seen.set('visitor', see(variantName));
  ledger.bought.push({ paymentId: 'pi_1', visitorId: 'visitor', value: 49, currency: 'usd' });
  return [collector, ledger];
}

describe('the audit of the Express example', () => {
  it('finds no problem if every purchase arrives once', async () => {
    const [collector, ledger] = await visitAndBuy((visitor) => {
      visitor.track('purchase', purchase, { distinctId: 'purchase:pi_1' });
      visitor.track('purchase', purchase, { distinctId: 'purchase:pi_1' });
    });
    expect(audit(collector.report(), ledger)).toEqual([]);
  });

  it('reports a missing page view', async () => {
    const [collector, ledger] = await visitAndBuy((visitor) => visitor.track('purchase', purchase));
    ledger.seen.set('another visitor', undefined);
    expect(audit(collector.report(), ledger)).toEqual(['2 visitors opened the home page; 1 views arrived']);
  });

  it('reports a missing purchase', async () => {
    const [collector, ledger] = await visitAndBuy(() => undefined);
    expect(audit(collector.report(), ledger)).toContain('purchase pi_1 is missing');
  });

  it('reports a purchase that arrived twice', async () => {
    const [collector, ledger] = await visitAndBuy((visitor) => {
      visitor.track('purchase', purchase);
      visitor.track('purchase', purchase);
    });
    expect(audit(collector.report(), ledger)).toEqual(['purchase pi_1 arrived 2 times']);
  });

  it('reports a purchase with a wrong price and one that was never made', async () => {
    const [collector, ledger] = await visitAndBuy((visitor) => {
      visitor.track('purchase', { ...purchase, value: 4900 });
      visitor.track('purchase', { ...purchase, order_id: 'pi_forged' });
    });
    expect(audit(collector.report(), ledger)).toEqual([
      'purchase pi_1 has the wrong visitor or price',
      'purchase pi_forged was never made',
    ]);
  });

  it('reports a visitor who was counted for a variant they did not see', async () => {
    const [collector, ledger] = await visitAndBuy(
      (visitor) => visitor.track('purchase', purchase),
      (variant) => (variant === 'classic' ? 'one_page' : 'classic'),
    );
    const problems = audit(collector.report(), ledger);
    expect(problems[0]).toMatch(/^a visitor was counted for (classic|one_page) but saw (classic|one_page)$/);
    expect(problems.some((problem) => problem.startsWith('one_page had'))).toBe(true);
    expect(problems.some((problem) => problem.startsWith('classic had'))).toBe(true);
  });

  it('reports a purchase without its session, which does not count', async () => {
    const [collector, ledger] = await visitAndBuy((visitor) => visitor.track('purchase', purchase, { sessionId: '' }));
    expect(audit(collector.report(), ledger)).toEqual([
      expect.stringMatching(/^(classic|one_page) had 1 buyers; 0 were counted$/),
    ]);
  });
});
