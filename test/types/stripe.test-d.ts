// Checked against major 23, which is installed as `stripe`, and by tsconfig.stripe-20.json against major 20.
import { Stripe } from 'stripe';
import { describe, expectTypeOf, it } from 'vitest';
import { currentVisitor } from '../../src/adapters/request.js';
import { commerceEvents } from '../../src/commerce/index.js';
import { createClient } from '../../src/index.js';
import {
  type StripeEvent,
  stripeWebhook,
  type VisitorMetadata,
  visitorMetadata,
  withVisitor,
} from '../../src/webhooks/stripe/index.js';
import type {
  StripeCharge,
  StripeDispute,
  StripeInvoice,
  StripePaymentIntent,
  StripeRefund,
  StripeSession,
  StripeSubscription,
} from '../../src/webhooks/stripe/objects.js';

const ours = createClient({ token: 'test_token', disabled: true, events: commerceEvents });
const visitor: VisitorMetadata = { ours_visitor: 'token' };

describe('the package stripe', () => {
  it('has the fields that are used', () => {
    expectTypeOf<Stripe.Checkout.Session>().toExtend<StripeSession>();
    expectTypeOf<Stripe.PaymentIntent>().toExtend<StripePaymentIntent>();
    expectTypeOf<Stripe.Charge>().toExtend<StripeCharge>();
    expectTypeOf<Stripe.Invoice>().toExtend<StripeInvoice>();
    expectTypeOf<Stripe.Subscription>().toExtend<StripeSubscription>();
    expectTypeOf<Stripe.Refund>().toExtend<StripeRefund>();
    expectTypeOf<Stripe.Dispute>().toExtend<StripeDispute>();
    expectTypeOf<Stripe.Event>().toExtend<StripeEvent>();
  });

  it('fits unchanged, and identify gets its events', () => {
    stripeWebhook({
      stripe: new Stripe('sk'),
      secret: 'whsec_a',
      ours,
      keys: ['k'.repeat(64)],
      identify(event) {
        expectTypeOf(event).toEqualTypeOf<Stripe.Event>();
        return event.type === 'checkout.session.completed'
          ? { externalId: event.data.object.client_reference_id ?? undefined }
          : undefined;
      },
    });
  });

  it('seals a visitor that may be missing, and must be awaited', () => {
    const metadata = visitorMetadata(currentVisitor(), ['k']);
    expectTypeOf(metadata).resolves.toEqualTypeOf<VisitorMetadata>();
    // @ts-expect-error
    expectTypeOf(withVisitor).toBeCallableWith({ mode: 'payment' }, metadata);
  });

  it('accepts parameters with a visitor', () => {
    const line_items = [{ price: 'price_plan', quantity: 1 }];
    const params: Stripe.Checkout.SessionCreateParams = withVisitor(
      { mode: 'payment', line_items, payment_intent_data: { description: 'd' }, metadata: { order: 1 } },
      visitor,
    );
    expectTypeOf(withVisitor(params, visitor)).toEqualTypeOf<Stripe.Checkout.SessionCreateParams>();
    const metadata = { order: '1', ...visitor };
    expectTypeOf({ amount: 1, currency: 'eur', metadata }).toExtend<Stripe.PaymentIntentCreateParams>();
    expectTypeOf({ customer: 'c', metadata }).toExtend<Stripe.SubscriptionCreateParams>();
    expectTypeOf({ customer: 'c', metadata }).toExtend<Stripe.InvoiceCreateParams>();
  });
});
