import { describe, expect, it } from 'vitest';
import { conversionsFromStripe } from '../../../src/webhooks/stripe/index.js';
import { CREATED, dispute, refund, stripeEvent } from './events.js';

const AT_CREATION = CREATED * 1000 + 999;
const LATER = CREATED + 10 * 86_400;

function conversionOf(type: string, object: object, previous_attributes?: object, created = CREATED) {
  const data = { object, ...(previous_attributes !== undefined && { previous_attributes }) };
  const [conversion, ...others] = conversionsFromStripe(stripeEvent(type, object, { created, data }));
  expect(others).toEqual([]);
  return conversion;
}

describe('a refund', () => {
  it('is a separate event', () => {
    expect(conversionOf('refund.created', refund())).toEqual({
      event: 'refund',
      eventProperties: {
        refund_id: 're_1',
        order_id: 'pi_1',
        value: 9.9,
        currency: 'EUR',
        reason: 'requested_by_customer',
      },
      distinctId: 'refund:re_1',
      time: AT_CREATION,
    });
  });

  it.each(['pending', 'requires_action', 'failed', 'canceled'])('is not reported while it is %s', (status) => {
    expect(conversionOf('refund.created', refund({ status }))).toBeUndefined();
    expect(conversionOf('refund.updated', refund({ status }), { status: 'pending' })).toBeUndefined();
  });

  it.each(['refund.updated', 'charge.refund.updated'])(
    'that was pending is reported when %s says it succeeded',
    (type) => {
      expect(conversionOf(type, refund(), { status: 'pending' }, LATER)).toMatchObject({
        distinctId: 'refund:re_1',
        // Its creation may be older than the 7 days that the service accepts.
        time: LATER * 1000 + 999,
      });
    },
  );

  it('is not reported again when something else changes', () => {
    expect(conversionOf('refund.updated', refund(), { metadata: {} }, LATER)).toBeUndefined();
  });

  it('of a payment method without states is reported at its creation', () => {
    expect(conversionOf('refund.created', refund({ status: null }))).toMatchObject({ distinctId: 'refund:re_1' });
  });
});

describe('a dispute', () => {
  it('is a separate event', () => {
    expect(conversionOf('charge.dispute.created', dispute({ payment_intent: null }))).toEqual({
      event: 'dispute',
      eventProperties: { dispute_id: 'dp_1', order_id: 'ch_1', value: 49.9, currency: 'EUR', reason: 'fraudulent' },
      distinctId: 'dispute:dp_1',
      time: AT_CREATION,
    });
  });

  it.each(['warning_needs_response', 'warning_under_review', 'warning_closed', 'prevented'])(
    'is not reported while its status is %s: no money is taken',
    (status) => {
      expect(conversionOf('charge.dispute.created', dispute({ status }))).toBeUndefined();
      expect(
        conversionOf('charge.dispute.updated', dispute({ status }), { status: 'warning_needs_response' }),
      ).toBeUndefined();
    },
  );

  it('is reported when an inquiry becomes one', () => {
    const was = { status: 'warning_under_review' };
    expect(conversionOf('charge.dispute.updated', dispute(), was, LATER)).toMatchObject({
      distinctId: 'dispute:dp_1',
      time: LATER * 1000 + 999,
    });
  });

  it('is not reported again when evidence is added', () => {
    expect(conversionOf('charge.dispute.updated', dispute(), { evidence: {} }, LATER)).toBeUndefined();
  });

  it.each([
    ['under_review', 'needs_response'],
    ['won', 'under_review'],
    ['lost', 'under_review'],
    ['lost', 'needs_response'],
  ])('is not reported again, with a later time, when it is %s after %s', (status, before) => {
    const change = { status: before, evidence: {} };
    expect(conversionOf('charge.dispute.updated', dispute({ status }), change, LATER)).toBeUndefined();
  });
});
