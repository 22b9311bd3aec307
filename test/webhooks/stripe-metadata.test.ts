import { describe, expect, it } from 'vitest';
import { currentVisitor } from '../../src/adapters/request.js';
import { openVisitor } from '../../src/webhooks/index.js';
import { type VisitorMetadata, visitorMetadata, withVisitor } from '../../src/webhooks/stripe/index.js';
import { keyOf } from '../support/keys.js';

const keys = [keyOf(7)];
const USER = { userId: '0b7e6c1a-5a52-4f0e-9d7c-3f6f7b1f2a10', sessionId: '1732398000123' };
const visitor = { ours_visitor: 'sealed' };

describe('visitorMetadata', () => {
  it('is one short entry that only the keys open', async () => {
    const metadata = await visitorMetadata(USER, keys);
    expect(Object.keys(metadata)).toEqual(['ours_visitor']);
    expect(metadata.ours_visitor).toHaveLength(74);
    expect(await openVisitor(metadata.ours_visitor, keys)).toMatchObject({ visitor: USER });
  });

  it('marks a payment to report also where nobody is known', async () => {
    const { ours_visitor } = await visitorMetadata({}, keys);
    expect(await openVisitor(ours_visitor, keys)).toEqual({ visitor: null, reason: 'nobody' });
  });

  it('takes no visitor at all for nobody: currentVisitor() outside of a request must not end a checkout', async () => {
    const { ours_visitor } = await visitorMetadata(currentVisitor(), keys);
    expect(await openVisitor(ours_visitor, keys)).toEqual({ visitor: null, reason: 'nobody' });
  });
});

describe('withVisitor', () => {
  it('puts the visitor on a payment and its session, and keeps what is there', () => {
    const params = {
      mode: 'payment',
      metadata: { order: '17' },
      payment_intent_data: { description: 'd', setup_future_usage: 'off_session', metadata: { plan: 'annual' } },
      line_items: [{ price: 'price_plan', quantity: 1 }],
    };
    expect(withVisitor(params, visitor)).toEqual({
      ...params,
      metadata: { order: '17', ...visitor },
      payment_intent_data: { ...params.payment_intent_data, metadata: { plan: 'annual', ...visitor } },
    });
    expect(params.metadata).toEqual({ order: '17' });
  });

  it('puts the visitor on a subscription, where Stripe refuses payment_intent_data', () => {
    expect(withVisitor({ mode: 'subscription', subscription_data: { trial_period_days: 14 } }, visitor)).toEqual({
      mode: 'subscription',
      metadata: visitor,
      subscription_data: { trial_period_days: 14, metadata: visitor },
    });
  });

  it('puts the visitor on the session alone in any other mode', () => {
    expect(withVisitor({ mode: 'setup' }, visitor)).toEqual({ mode: 'setup', metadata: visitor });
    expect(withVisitor({ metadata: '' }, visitor)).toEqual({ metadata: visitor });
  });

  it('says how to mend it when the metadata was not awaited: no purchase would be reported', () => {
    const promised = visitorMetadata(USER, keys) as unknown as VisitorMetadata;
    expect(() => withVisitor({ mode: 'payment' }, promised)).toThrow(
      expect.objectContaining({
        code: 'invalid_option',
        message: expect.stringContaining('withVisitor(params, await visitorMetadata(visitor, keys))'),
      }),
    );
  });

  it('lets a checkout go on without the visitor where all of Stripe’s 50 keys are taken', () => {
    const metadata = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`key_${index}`, 'x']));
    expect(withVisitor({ mode: 'payment', metadata }, visitor)).toEqual({
      mode: 'payment',
      metadata,
      payment_intent_data: { metadata: visitor },
    });
  });
});
