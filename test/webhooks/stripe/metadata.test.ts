import { describe, expect, it } from 'vitest';
import { currentVisitor } from '../../../src/adapters/request.js';
import { openVisitor } from '../../../src/webhooks/index.js';
import { type VisitorMetadata, visitorMetadata, withVisitor } from '../../../src/webhooks/stripe/index.js';
import { keyOf } from '../../support/keys.js';

const keys = [keyOf(7)];
const USER = { userId: '0b7e6c1a-5a52-4f0e-9d7c-3f6f7b1f2a10', sessionId: '1732398000123' };
const visitor = { ours_visitor: 'sealed' };

describe('visitorMetadata', () => {
  it('is one short entry that only the keys can open', async () => {
    const metadata = await visitorMetadata(USER, keys);
    expect(Object.keys(metadata)).toEqual(['ours_visitor']);
    expect(metadata.ours_visitor).toHaveLength(74);
    expect(await openVisitor(metadata.ours_visitor, keys)).toMatchObject({ visitor: USER });
  });

  it('marks a payment to report even without a known visitor', async () => {
    const { ours_visitor } = await visitorMetadata({}, keys);
    expect(await openVisitor(ours_visitor, keys)).toEqual({ visitor: null, reason: 'nobody' });
  });

  it('accepts a missing visitor: currentVisitor() outside a request must not break a checkout', async () => {
    const { ours_visitor } = await visitorMetadata(currentVisitor(), keys);
    expect(await openVisitor(ours_visitor, keys)).toEqual({ visitor: null, reason: 'nobody' });
  });
});

describe('withVisitor', () => {
  it('adds the visitor to a payment and its session, and keeps existing metadata', () => {
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

  it('adds the visitor to a subscription, for which Stripe rejects payment_intent_data', () => {
    expect(withVisitor({ mode: 'subscription', subscription_data: { trial_period_days: 14 } }, visitor)).toEqual({
      mode: 'subscription',
      metadata: visitor,
      subscription_data: { trial_period_days: 14, metadata: visitor },
    });
  });

  it('adds the visitor only to the session in any other mode', () => {
    expect(withVisitor({ mode: 'setup' }, visitor)).toEqual({ mode: 'setup', metadata: visitor });
    expect(withVisitor({ metadata: '' }, visitor)).toEqual({ metadata: visitor });
  });

  it('explains the fix if the metadata was not awaited: no purchase would be reported', () => {
    const promised = visitorMetadata(USER, keys) as unknown as VisitorMetadata;
    expect(() => withVisitor({ mode: 'payment' }, promised)).toThrow(
      expect.objectContaining({
        code: 'invalid_option',
        message: expect.stringContaining('withVisitor(params, await visitorMetadata(visitor, keys))'),
      }),
    );
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['a string', 'sealed'],
    ['an object', USER],
  ])('refuses %s instead of the metadata, which would lose the visitor or show it to Stripe', (got, given) => {
    expect(() => withVisitor({ mode: 'payment' }, given as unknown as VisitorMetadata)).toThrow(
      expect.objectContaining({ code: 'invalid_option', message: expect.stringContaining(got) }),
    );
  });

  it('leaves out the visitor if all of Stripe’s 50 keys are used', () => {
    const metadata = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`key_${index}`, 'x']));
    expect(withVisitor({ mode: 'payment', metadata }, visitor)).toEqual({
      mode: 'payment',
      metadata,
      payment_intent_data: { metadata: visitor },
    });
  });
});
