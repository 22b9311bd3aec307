import { describe, expect, it } from 'vitest';
import { conversionsFromStripe, type StripePayments } from '../../../src/webhooks/stripe/index.js';
import { findPayment } from '../../../src/webhooks/stripe/lookups.js';
import { carrying, dispute, refund, stripeEvent } from './events.js';

const CALL = { timeout: 1, maxNetworkRetries: 0 };

/** Stripe's API with a single charge. */
function withCharge(id: string, token: string | undefined) {
  const asked: string[] = [];
  const unknown = (): never => expect.unreachable('only the charge may be looked up');
  const stripe: StripePayments = {
    charges: {
      async retrieve(asking, _params, options) {
        expect([asking, options]).toEqual([id, CALL]);
        asked.push(asking);
        return carrying(token) as { metadata: Record<string, string> };
      },
    },
    paymentIntents: { retrieve: unknown },
    invoices: { retrieve: unknown, list: unknown },
    subscriptions: { retrieve: unknown },
    checkout: { sessions: { list: unknown } },
    invoicePayments: { list: unknown },
  };
  return { stripe, asked };
}

describe('a refund or dispute of a payment without a PaymentIntent', () => {
  // A bank debit or transfer in Stripe's older APIs is a charge with the prefix py_.
  it.each(['ch_1', 'py_1'])('finds the visitor on the charge %s', async (id) => {
    for (const [type, object] of [
      ['refund.created', refund({ payment_intent: null, charge: id })],
      ['charge.dispute.created', dispute({ payment_intent: null, charge: { id } })],
    ] as const) {
      const [conversion] = conversionsFromStripe(stripeEvent(type, object));
      const { stripe, asked } = withCharge(id, 'sealed');
      expect(conversion?.eventProperties).toMatchObject({ order_id: id });
      expect(await findPayment(stripe, conversion!, CALL)).toEqual({ token: 'sealed' });
      expect(asked).toEqual([id]);
    }
  });

  it('has no visitor if the charge has none', async () => {
    const [conversion] = conversionsFromStripe(
      stripeEvent('refund.created', refund({ payment_intent: null, charge: 'py_1' })),
    );
    expect(await findPayment(withCharge('py_1', undefined).stripe, conversion!, CALL)).toEqual({ token: undefined });
  });

  it.each([null, 'src_1'])('makes no call to Stripe if the charge is %j', async (charge) => {
    const [conversion] = conversionsFromStripe(stripeEvent('refund.created', refund({ payment_intent: null, charge })));
    const { stripe, asked } = withCharge('', undefined);
    expect(await findPayment(stripe, conversion!, CALL)).toEqual({ token: undefined });
    expect(asked).toEqual([]);
  });
});
