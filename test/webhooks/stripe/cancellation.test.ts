import { describe, expect, it } from 'vitest';
import { conversionsFromStripe } from '../../../src/webhooks/stripe/index.js';
import { CREATED, stripeEvent, subscription } from './events.js';

const TYPE = 'customer.subscription.deleted';

describe('a cancelled subscription', () => {
  it('ended at ended_at, not when the event was created', () => {
    const ended = subscription({ ended_at: CREATED - 3_600, created: CREATED - 86_400 });
    expect(conversionsFromStripe(stripeEvent(TYPE, ended))).toMatchObject([{ time: (CREATED - 3_600) * 1000 + 999 }]);
  });

  it('ended when the event was created if ended_at is null', () => {
    const ended = subscription({ ended_at: null, created: CREATED - 86_400 });
    expect(conversionsFromStripe(stripeEvent(TYPE, ended))).toMatchObject([{ time: CREATED * 1000 + 999 }]);
  });
});
