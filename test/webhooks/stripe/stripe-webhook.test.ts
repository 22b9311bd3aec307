import fc from 'fast-check';
import { Stripe } from 'stripe';
// @ts-expect-error: its types declare the module 'stripe'; they are checked by tsconfig.stripe-20.json.
import { Stripe as Stripe20 } from 'stripe20';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createMemoryOutbox } from '../../../src/index.js';
import type { EventCatalog } from '../../../src/protocol/catalog.js';
import { sealVisitor, type WebhookIdentity } from '../../../src/webhooks/index.js';
import {
  type StripeEvent,
  type StripeLike,
  type StripeWebhookOptions,
  visitorMetadata,
} from '../../../src/webhooks/stripe/index.js';
import { holdTimeouts } from '../../support/held-time.js';
import { keyOf } from '../../support/keys.js';
import { KEYS, openShop, type Shop, tracker, VISITOR } from '../shop.js';
import { endpoint, offline } from './endpoint.js';
import {
  CREATED,
  carrying,
  charge,
  dispute,
  invoice,
  olderInvoice,
  paymentIntent,
  refund,
  session,
  stripeEvent,
  subscription,
} from './events.js';
import { signed, startStripe } from './service.js';

const never = new Promise<never>(() => undefined);

const LISTED =
  '/v1/invoice_payments?payment[type]=payment_intent&payment[payment_intent]=pi_1&expand[0]=data.invoice&limit=1';
const SESSIONS = '/v1/checkout/sessions?payment_intent=pi_1&limit=1';

/** Stripe has the payment, but no visitor. */
function knowNothing(answers: Map<string, object | number>): void {
  answers.set('/v1/payment_intents/pi_1', paymentIntent());
  for (const path of [LISTED, SESSIONS]) answers.set(path, { object: 'list', data: [] });
}

const paid = (token: string | undefined) => stripeEvent('payment_intent.succeeded', paymentIntent(carrying(token)));

describe('a Stripe payment', () => {
  it.each([
    ['23', offline as StripeLike],
    ['20', new Stripe20('sk_test_shop') as StripeLike],
  ])('is a purchase of the visitor who saw the variant, with major version %s of the package', async (_, stripe) => {
    const shop = await openShop();
    const answer = await endpoint(shop, { stripe }).handle(signed(paid(shop.token)));
    expect(answer).toEqual({ statusCode: 200, body: 'purchase:pi_1 is stored' });
    expect(tracker(shop.collector)).toEqual([
      {
        event: 'purchase',
        distinctId: 'purchase:pi_1',
        userId: VISITOR.userId,
        sid: VISITOR.sessionId,
        properties: { order_id: 'pi_1', value: '49.9', currency: 'EUR' },
        verdict: 'counted',
      },
    ]);
    expect(shop.collector.events().at(-1)?.time).toBe(CREATED * 1000 + 999);
    expect(shop.warnings).toEqual([]);
  });

  it('counts for a variant seen in the second of the payment: Stripe’s times have no milliseconds', async () => {
    const shop = await openShop({ seenAt: CREATED * 1000 + 700 });
    await endpoint(shop).handle(signed(paid(shop.token)));
    expect(shop.conversions()).toBe(1);
  });

  it.each(['PaymentIntent', 'charge', 'session'])(
    'counts for a variant that was seen before it succeeded, if the first event is that of its %s',
    async (first) => {
      // A page with Stripe's payment form creates the PaymentIntent before the browser shows anything.
      const shop = await openShop({ seenAt: (CREATED - 60) * 1000 });
      const opened = { ...carrying(shop.token), created: CREATED - 120 };
      const events = {
        PaymentIntent: stripeEvent('payment_intent.succeeded', paymentIntent(opened)),
        charge: stripeEvent('charge.succeeded', charge(carrying(shop.token))),
        session: stripeEvent('checkout.session.completed', session(opened)),
      };
      const { handle } = endpoint(shop);
      await handle(signed(events[first as keyof typeof events]));
      for (const event of Object.values(events)) await handle(signed(event));
      expect(shop.conversions()).toBe(1);
    },
  );

  it('counts once even if it is delivered several times', async () => {
    const shop = await openShop();
    const { handle } = endpoint(shop);
    const delivery = signed(paid(shop.token));
    await Promise.all([handle(delivery), handle(delivery)]);
    expect(await handle(delivery)).toMatchObject({ statusCode: 200 });
    expect(shop.conversions()).toBe(1);
    expect(tracker(shop.collector)).toHaveLength(1);
  });
});

describe('the events of one payment', () => {
  // A family: all events of a payment, in the order in which they happen.
  const families: Record<string, (token: string) => StripeEvent[]> = {
    'Checkout, one-off, paid at once': (token) => [
      stripeEvent('payment_intent.created', paymentIntent(carrying(token))),
      stripeEvent('charge.succeeded', charge(carrying(token))),
      stripeEvent('payment_intent.succeeded', paymentIntent(carrying(token))),
      stripeEvent('checkout.session.completed', session(carrying(token))),
      stripeEvent('refund.created', refund(carrying(token))),
      stripeEvent('charge.refunded', charge(carrying(token))),
      stripeEvent('charge.dispute.created', dispute(carrying(token))),
    ],
    'Checkout, one-off, paid days later': (token) => [
      stripeEvent('checkout.session.completed', session({ ...carrying(token), payment_status: 'unpaid' })),
      stripeEvent('payment_intent.processing', paymentIntent(carrying(token))),
      stripeEvent('payment_intent.succeeded', paymentIntent(carrying(token))),
      stripeEvent('charge.succeeded', charge(carrying(token))),
      stripeEvent('checkout.session.async_payment_succeeded', session(carrying(token))),
    ],
    'a subscription and its renewal': (token) => [
      stripeEvent('customer.subscription.created', subscription({ ...carrying(token), status: 'incomplete' })),
      stripeEvent('charge.succeeded', charge()),
      stripeEvent('payment_intent.succeeded', paymentIntent()),
      stripeEvent('invoice.paid', invoice(token)),
      stripeEvent('invoice.payment_succeeded', invoice(token)),
      stripeEvent(
        'customer.subscription.updated',
        {},
        {
          data: { object: subscription(carrying(token)), previous_attributes: { status: 'incomplete' } },
        },
      ),
      stripeEvent(
        'checkout.session.completed',
        session({ ...carrying(token), mode: 'subscription', payment_intent: null }),
      ),
      stripeEvent('invoice.paid', invoice(token, { id: 'in_2', billing_reason: 'subscription_cycle' })),
      stripeEvent('charge.succeeded', charge({ id: 'ch_2', payment_intent: 'pi_2' })),
      stripeEvent('payment_intent.succeeded', paymentIntent({ id: 'pi_2' })),
      stripeEvent('customer.subscription.deleted', subscription({ ...carrying(token), status: 'canceled' })),
    ],
  };
  const expected: Record<string, string[]> = {
    'Checkout, one-off, paid at once': ['dispute:dp_1', 'purchase:pi_1', 'refund:re_1'],
    'Checkout, one-off, paid days later': ['purchase:pi_1'],
    'a subscription and its renewal': ['cancellation:sub_1', 'purchase:in_1', 'renewal:in_2', 'subscription:sub_1'],
  };

  it.each(Object.keys(families))('give the same report in any order and with repetitions: %s', async (name) => {
    const { stripe, answers } = await startStripe();
    answers.set('/v1/subscriptions/sub_1', subscription());
    const report = async (pick: (events: StripeEvent[]) => StripeEvent[]) => {
      const shop = await openShop();
      const { handle } = endpoint(shop, { stripe });
      for (const event of pick(families[name]!(shop.token))) {
        expect(await handle(signed(event))).toMatchObject({ statusCode: 200 });
      }
      const result = { tracker: tracker(shop.collector), conversions: shop.conversions() };
      await shop.client.close();
      await shop.collector.close();
      return result;
    };
    const inOrder = await report((events) => events);
    expect(inOrder.tracker.map((line) => (line as { distinctId: string }).distinctId)).toEqual(expected[name]);
    expect(inOrder.conversions).toBe(1);
    const size = families[name]!('').length;
    const all = Array.from({ length: size }, (_, index) => index);
    const orders = fc
      .tuple(fc.shuffledSubarray(all, { minLength: size }), fc.array(fc.nat(size - 1), { maxLength: 5 }))
      .chain(([once, again]) => fc.shuffledSubarray([...once, ...again], { minLength: once.length + again.length }));
    await fc.assert(
      fc.asyncProperty(orders, async (order) => {
        expect(await report((events) => order.map((index) => events[index]!))).toEqual(inOrder);
      }),
      { numRuns: 15 },
    );
  });
});

describe('a forged or replayed webhook', () => {
  it.each([
    [
      'changed on the way',
      (shop: Shop) => {
        const { body, headers } = signed(paid(shop.token));
        return { body: body.replace('4990', '1'), headers };
      },
    ],
    ['signed with another secret', (shop: Shop) => signed(paid(shop.token), { secret: 'whsec_other' })],
    [
      'replayed after 300 seconds',
      (shop: Shop) => signed(paid(shop.token), { timestamp: Math.floor(Date.now() / 1000) - 301 }),
    ],
    ['not signed', (shop: Shop) => ({ body: signed(paid(shop.token)).body, headers: {} })],
    [
      'signed by nonsense',
      (shop: Shop) => ({ body: signed(paid(shop.token)).body, headers: { 'stripe-signature': 't=,v1=' } }),
    ],
    ['empty', () => ({ body: '', headers: signed({}).headers })],
  ])('sends nothing when it is %s', async (_, make) => {
    const shop = await openShop();
    const { body, headers } = make(shop);
    expect(await endpoint(shop).handle({ body, headers })).toEqual({
      statusCode: 400,
      body: 'the signature is not valid',
    });
    await shop.client.flush();
    expect(tracker(shop.collector)).toEqual([]);
    expect(shop.outcomes).toEqual([]);
    expect(shop.warnings).toHaveLength(1);
    expect(shop.warnings[0]).not.toContain(shop.token);
    expect(shop.warnings[0]).not.toContain('example.org');
  });

  it('counts once when it is replayed within 300 seconds', async () => {
    const shop = await openShop();
    const { handle } = endpoint(shop);
    const delivery = signed(paid(shop.token), { timestamp: Math.floor(Date.now() / 1000) - 290 });
    expect(await handle(delivery)).toMatchObject({ statusCode: 200 });
    expect(await handle(delivery)).toMatchObject({ statusCode: 200 });
    expect(shop.conversions()).toBe(1);
  });
});

describe('a thin event', () => {
  const thin = {
    id: 'evt_thin',
    object: 'v2.core.event',
    type: 'v1.invoice.paid',
    created: new Date().toISOString(),
    related_object: { id: 'in_1', type: 'invoice', url: '/v1/invoices/in_1' },
  };

  it.each([
    ['23', offline as StripeLike],
    ['20', new Stripe20('sk_test_shop') as StripeLike],
  ])(
    'is rejected with an explanation, because it has no amounts, with major version %s of the package',
    async (_, stripe) => {
      const shop = await openShop();
      const answer = await endpoint(shop, { stripe }).handle(signed(thin));
      expect(answer).toEqual({
        statusCode: 400,
        body: "this is a thin event (v2.core.event), which does not contain the payment: set the payload style of this endpoint's event destination to Snapshot",
      });
      expect(shop.warnings).toEqual([expect.stringContaining('destination to Snapshot')]);
    },
  );

  it('that Stripe did not sign is rejected like any other', async () => {
    const shop = await openShop();
    expect(await endpoint(shop).handle(signed(thin, { secret: 'whsec_other' }))).toEqual({
      statusCode: 400,
      body: 'the signature is not valid',
    });
  });
});

describe('a payment without a known visitor', () => {
  const who: WebhookIdentity = { externalId: 'customer 17' };

  it.each([
    ['is missing', async () => undefined],
    ['has no visitor', () => sealVisitor({}, KEYS)],
    ['was sealed in another environment', () => sealVisitor(VISITOR, [keyOf(9)])],
    ['is invalid', async () => 'x'],
  ])('is reported with the identity of identify if the token %s', async (_, makeToken) => {
    const { stripe, answers } = await startStripe();
    knowNothing(answers);
    const shop = await openShop();
    const event = stripeEvent('checkout.session.completed', session(carrying(await makeToken())));
    const seen: StripeEvent[] = [];
    const identify = async (given: StripeEvent) => {
      seen.push(given);
      return who;
    };
    expect(await endpoint(shop, { stripe, identify }).handle(signed(event))).toMatchObject({ statusCode: 200 });
    expect(shop.collector.events().at(-1)).toMatchObject({ distinctId: 'purchase:pi_1', externalId: 'customer 17' });
    expect(shop.collector.events().at(-1)).not.toHaveProperty('userId');
    expect(seen).toEqual([event]);
  });

  it('does not call identify if the token has a visitor', async () => {
    const shop = await openShop();
    const identify = () => expect.unreachable();
    expect(await endpoint(shop, { identify }).handle(signed(paid(shop.token)))).toMatchObject({ statusCode: 200 });
  });

  it('is answered 200 and not reported without an identity', async () => {
    const shop = await openShop();
    const event = paid(await sealVisitor({}, KEYS));
    expect(await endpoint(shop).handle(signed(event))).toEqual({
      statusCode: 200,
      body: 'purchase:pi_1 is not reported: the visitor is not known',
    });
    expect(tracker(shop.collector)).toEqual([]);
  });

  it.each([
    [
      'not_authentic',
      () => sealVisitor(VISITOR, [keyOf(9)]),
      /cannot be opened with any of keys .*sealed in another environment.*or its key is missing/,
    ],
    ['malformed', async () => 'no token', /was truncated or changed/],
    ['expired', () => sealVisitor(VISITOR, KEYS, { now: () => Date.now() - 60_000 }), /older than maxAgeMs/],
  ])('causes a warning with the likely cause, without the token, if that is %s', async (_, makeToken, cause) => {
    const shop = await openShop();
    const token = await makeToken();
    expect(await endpoint(shop, { maxAgeMs: 30_000 }).handle(signed(paid(token)))).toMatchObject({ statusCode: 200 });
    expect(shop.warnings).toEqual([expect.stringMatching(cause)]);
    expect(shop.warnings[0]).toContain('the visitor token of an event');
    expect(shop.warnings[0]).not.toContain(token);
  });

  it('is not reported if it was sealed in another environment with the same key', async () => {
    const shop = await openShop();
    const { ours_visitor: token } = await visitorMetadata(VISITOR, KEYS, { environment: 'staging' });
    expect(await endpoint(shop, { environment: 'production' }).handle(signed(paid(token)))).toMatchObject({
      statusCode: 200,
      body: expect.stringContaining('not reported'),
    });
    expect(shop.warnings).toEqual([expect.stringMatching(/another environment/)]);
    expect(await endpoint(shop, { environment: 'staging' }).handle(signed(paid(token)))).toMatchObject({
      body: 'purchase:pi_1 is stored',
    });
  });

  it('has the visitor but no session for a renewal after years', async () => {
    const shop = await openShop();
    const token = await sealVisitor(VISITOR, KEYS, { now: () => Date.now() - 401 * 86_400_000 });
    expect(await endpoint(shop).handle(signed(paid(token)))).toMatchObject({ body: 'purchase:pi_1 is stored' });
    const purchase = shop.collector.events().find(({ distinctId }) => distinctId === 'purchase:pi_1');
    expect(purchase).toMatchObject({ userId: VISITOR.userId });
    expect(purchase!.defaultProperties).not.toHaveProperty('sid');
  });

  it('expires after maxAgeMs', async () => {
    const shop = await openShop();
    const token = await sealVisitor(VISITOR, KEYS, { now: () => Date.now() - 86_400_000 });
    expect(await endpoint(shop, { maxAgeMs: 3_600_000 }).handle(signed(paid(token)))).toMatchObject({
      body: expect.stringContaining('not reported'),
    });
    expect(await endpoint(shop, { maxAgeMs: 90_000_000 }).handle(signed(paid(token)))).toMatchObject({
      body: 'purchase:pi_1 is stored',
    });
  });

  it.each<[string, () => Promise<StripeEvent>, (silent: () => Promise<never>) => Partial<StripeWebhookOptions>]>([
    ['identify', async () => paid(await sealVisitor({}, KEYS)), (silent) => ({ identify: silent })],
    [
      'Stripe',
      async () => stripeEvent('refund.created', refund()),
      (silent) => ({
        stripe: { ...offline, webhooks: offline.webhooks, paymentIntents: { retrieve: silent } } as StripeLike,
      }),
    ],
  ])('is answered 503 if %s does not answer in time', async (_, makeEvent, optionsOf) => {
    const shop = await openShop();
    const timeouts = holdTimeouts();
    const silent = () => {
      timeouts.expire(20);
      return never;
    };
    const webhook = endpoint(shop, { timeoutMs: 20, ...optionsOf(silent) });
    expect(await webhook.handle(signed(await makeEvent()))).toEqual({
      statusCode: 503,
      body: 'the lookup of what to report failed: retry',
    });
    expect(shop.warnings).toEqual([expect.stringContaining('or took longer than timeoutMs (TimeoutError)')]);
  });

  it('is answered 503 if Stripe cannot be reached, and the warning does not include the message', async () => {
    const shop = await openShop();
    const retrieve = async () => {
      throw new Stripe.errors.StripeConnectionError({ type: 'api_error', message: 'of buyer@example.org' } as never);
    };
    const webhook = endpoint(shop, {
      stripe: { ...offline, webhooks: offline.webhooks, paymentIntents: { retrieve } },
    });
    expect(await webhook.handle(signed(await stripeEvent('refund.created', refund())))).toMatchObject({
      statusCode: 503,
    });
    expect(shop.warnings).toEqual([expect.stringContaining('(StripeConnectionError)')]);
    expect(shop.warnings[0]).not.toContain('buyer');
  });

  it('is answered 503 if identify fails', async () => {
    const shop = await openShop();
    const identify = async () => {
      throw new Error('the database of buyer@example.org is away');
    };
    const event = paid(await sealVisitor({}, KEYS));
    expect(await endpoint(shop, { identify }).handle(signed(event))).toMatchObject({ statusCode: 503 });
    expect(shop.warnings.join()).not.toContain('example.org');
  });
});

describe('a refund', () => {
  const refunded = stripeEvent('refund.created', refund());
  it('belongs to the payment’s visitor, and never subtracts', async () => {
    const { stripe, answers } = await startStripe();
    const shop = await openShop();
    answers.set('/v1/payment_intents/pi_1', paymentIntent(carrying(shop.token)));
    const { handle } = endpoint(shop, { stripe });
    expect(await handle(signed(refunded))).toEqual({ statusCode: 200, body: 'refund:re_1 is stored' });
    await handle(signed(paid(shop.token)));
    expect(tracker(shop.collector)).toMatchObject([
      { distinctId: 'purchase:pi_1', verdict: 'counted' },
      { distinctId: 'refund:re_1', userId: VISITOR.userId, sid: VISITOR.sessionId, verdict: 'not_a_goal' },
    ]);
    expect(shop.conversions()).toBe(1);
  });

  it('belongs to the subscriber if it refunds an invoice', async () => {
    const { stripe, answers, requests } = await startStripe();
    const shop = await openShop();
    answers.set('/v1/payment_intents/pi_1', paymentIntent());
    answers.set(LISTED, { object: 'list', data: [{ object: 'invoice_payment', invoice: invoice(shop.token) }] });
    const event = { ...refunded, account: 'acct_1' };
    expect(await endpoint(shop, { stripe }).handle(signed(event))).toMatchObject({ body: 'refund:re_1 is stored' });
    expect(requests).toEqual(['GET /v1/payment_intents/pi_1 in acct_1', `GET ${LISTED} in acct_1`]);
    expect(tracker(shop.collector)).toMatchObject([
      // Under the order of the purchase, which is the invoice.
      { distinctId: 'refund:re_1', userId: VISITOR.userId, properties: { order_id: 'in_1' } },
    ]);
  });

  it('belongs to the subscriber of a Payment Link, whose visitor only the Checkout Session has', async () => {
    const { stripe, answers, requests } = await startStripe();
    const shop = await openShop();
    answers.set('/v1/payment_intents/pi_1', paymentIntent());
    answers.set(LISTED, { object: 'list', data: [{ object: 'invoice_payment', invoice: invoice(undefined) }] });
    answers.set('/v1/checkout/sessions?subscription=sub_1&limit=1', {
      object: 'list',
      data: [session({ mode: 'subscription', payment_intent: null, client_reference_id: shop.token })],
    });
    expect(await endpoint(shop, { stripe }).handle(signed(refunded))).toMatchObject({ body: 'refund:re_1 is stored' });
    expect(requests).toHaveLength(3);
    expect(tracker(shop.collector)).toMatchObject([{ userId: VISITOR.userId, properties: { order_id: 'in_1' } }]);
  });

  it.each([
    ['the subscriber', (shop: Shop) => olderInvoice(shop.token)],
    ['the visitor in the invoice’s own metadata', (shop: Shop) => olderInvoice(undefined, carrying(shop.token))],
  ])('belongs to %s with the API before 2025-03-31 too, which has no invoice payments', async (_, older) => {
    const { stripe, answers, requests } = await startStripe();
    const shop = await openShop();
    answers.set('/v1/payment_intents/pi_1', paymentIntent({ invoice: 'in_1' }));
    answers.set('/v1/invoices/in_1', older(shop));
    expect(await endpoint(shop, { stripe }).handle(signed(refunded))).toMatchObject({ body: 'refund:re_1 is stored' });
    expect(requests).toEqual(['GET /v1/payment_intents/pi_1', 'GET /v1/invoices/in_1']);
    expect(tracker(shop.collector)).toMatchObject([{ distinctId: 'refund:re_1', userId: VISITOR.userId }]);
  });

  it('looks up no invoice in that API if the payment has none', async () => {
    const { stripe, answers, requests } = await startStripe();
    const shop = await openShop();
    knowNothing(answers);
    answers.set('/v1/payment_intents/pi_1', paymentIntent({ invoice: null }));
    expect(await endpoint(shop, { stripe }).handle(signed(refunded))).toMatchObject({ statusCode: 200 });
    expect(requests).toEqual(['GET /v1/payment_intents/pi_1', `GET ${SESSIONS}`]);
    expect(shop.warnings).toEqual([]);
  });

  it('belongs to the charge’s visitor if there is no PaymentIntent', async () => {
    const { stripe, answers } = await startStripe();
    const shop = await openShop();
    answers.set('/v1/charges/ch_1', charge({ ...carrying(shop.token), payment_intent: null }));
    const event = stripeEvent('charge.dispute.created', dispute({ payment_intent: null }));
    expect(await endpoint(shop, { stripe }).handle(signed(event))).toMatchObject({ body: 'dispute:dp_1 is stored' });
  });

  it('is answered 503 if Stripe fails', async () => {
    const { stripe, answers, requests } = await startStripe();
    const shop = await openShop();
    answers.set('/v1/payment_intents/pi_1', 500);
    expect(await endpoint(shop, { stripe }).handle(signed(refunded))).toMatchObject({ statusCode: 503 });
    expect(requests).toHaveLength(1);
    answers.set('/v1/payment_intents/pi_1', 429);
    expect(await endpoint(shop, { stripe }).handle(signed(refunded))).toMatchObject({ statusCode: 503 });
  });

  it.each([
    [401, 'the API key is wrong or was revoked'],
    [403, 'allow the API key to read PaymentIntents'],
    [404, 'they do not exist yet, or the API key belongs to another account or to another mode'],
  ])('is answered 503 if Stripe answers %d, which may be temporary or fixed', async (status, cause) => {
    const { stripe, answers } = await startStripe();
    const shop = await openShop();
    answers.set('/v1/payment_intents/pi_1', status);
    const { handle } = endpoint(shop, { stripe });
    expect(await handle(signed(refunded))).toMatchObject({ statusCode: 503 });
    expect(shop.warnings).toEqual([expect.stringContaining(cause)]);
    answers.set('/v1/payment_intents/pi_1', paymentIntent(carrying(shop.token)));
    expect(await handle(signed(refunded))).toMatchObject({ statusCode: 200 });
    expect(tracker(shop.collector)).toMatchObject([{ distinctId: 'refund:re_1' }]);
  });
});

describe('an answer', () => {
  it('is 503 until the purchase is stored, and 200 then', async () => {
    const shop = await openShop();
    const timeouts = holdTimeouts();
    shop.collector.faults.set(() => {
      shop.collector.faults.clear();
      timeouts.expire(50);
      return { kind: 'hang' };
    });
    const { handle } = endpoint(shop, { timeoutMs: 50 });
    const delivery = signed(paid(shop.token));
    expect(await handle(delivery)).toEqual({
      statusCode: 503,
      body: 'purchase:pi_1 could not be stored in time: retry',
    });
    expect(await endpoint(shop).handle(delivery)).toMatchObject({ statusCode: 200 });
    expect(shop.conversions()).toBe(1);
  });

  it('is 503 when the queue is full or the client closed', async () => {
    const shop = await openShop({ outbox: createMemoryOutbox({ maxQueueBytes: 1 }) });
    const { handle } = endpoint(shop);
    expect(await handle(signed(paid(shop.token)))).toEqual({
      statusCode: 503,
      body: 'purchase:pi_1 could not be stored (queue_full): retry',
    });
    await shop.client.close();
    expect(await handle(signed(paid(shop.token)))).toMatchObject({ statusCode: 503 });
  });

  it.each<[string, EventCatalog, string]>([
    ['unknown_event', { order: z.object({}) }, "event 'purchase' is not in your events. Known: order."],
    ['invalid_name', { Purchase: z.object({}) }, "a goal is matched exactly: send 'Purchase'."],
    ['invalid_properties', { purchase: z.object({ plan: z.string() }) }, 'plan (got nothing).'],
  ])(
    'is 503 while the client’s events do not match, and warns, because they can be fixed: %s',
    async (code, events, why) => {
      const shop = await openShop({ events });
      expect(await endpoint(shop).handle(signed(paid(shop.token)))).toEqual({
        statusCode: 503,
        body: `purchase:pi_1 is rejected (${code}): fix it, see the server's log, and a retry stores it`,
      });
      const [warning, ...others] = shop.warnings.filter((each) => each.includes('Stripe webhook: purchase:pi_1'));
      expect(warning).toContain(`${why} Fix the events of createClient`);
      expect(others).toEqual([]);
    },
  );

  it('is 503 while beforeSend throws, which a new release mends', async () => {
    const shop = await openShop({
      beforeSend: () => {
        throw new Error('no');
      },
    });
    expect(await endpoint(shop).handle(signed(paid(shop.token)))).toEqual({
      statusCode: 503,
      body: "purchase:pi_1 is rejected (before_send_failed): fix it, see the server's log, and a retry stores it",
    });
    expect(shop.warnings.filter((each) => each.includes('Fix beforeSend.'))).toHaveLength(1);
  });

  it('is 200 for events that nobody wants stored', async () => {
    const dropping = await openShop({ beforeSend: () => null });
    expect(await endpoint(dropping).handle(signed(paid(dropping.token)))).toEqual({
      statusCode: 200,
      body: 'purchase:pi_1 is dropped permanently: before_send',
    });
  });

  it('is 200 for an event that is not relevant', async () => {
    const shop = await openShop();
    const event = stripeEvent('customer.created', { id: 'cus_1', object: 'customer' });
    expect(await endpoint(shop).handle(signed(event))).toEqual({ statusCode: 200, body: 'nothing to report' });
  });
});

describe('set-up', () => {
  it.each([
    ['no secret', { secret: undefined }, /^secret must be .*got nothing: is the environment variable set\?$/],
    ['an empty secret', { secret: '' }, /^secret must be/],
    ['an API key as the secret', { secret: 'sk_live_1' }, /^secret must be (?!.*sk_live)/],
    ['no keys', { keys: [] }, /^keys must be/],
    ['a key that is not set', { keys: [undefined as unknown as string] }, /^keys\[0\] must be/],
    ['no stripe', { stripe: undefined as unknown as StripeLike }, /^stripe must be/],
  ])('fails with %s', async (_, options, message) => {
    const shop = await openShop();
    expect(() => endpoint(shop, options)).toThrow(
      expect.objectContaining({ code: 'invalid_option', message: expect.stringMatching(message) }),
    );
  });
});
