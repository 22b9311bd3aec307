import fc from 'fast-check';
import { Stripe } from 'stripe';
// @ts-expect-error: its types declare the module 'stripe'; they are checked by tsconfig.stripe-20.json.
import { Stripe as Stripe20 } from 'stripe20';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createMemoryOutbox } from '../../src/index.js';
import type { EventCatalog } from '../../src/protocol/catalog.js';
import { sealVisitor, type WebhookIdentity } from '../../src/webhooks/index.js';
import {
  type StripeEvent,
  type StripeLike,
  type StripeWebhookOptions,
  visitorMetadata,
} from '../../src/webhooks/stripe/index.js';
import { keyOf } from '../support/keys.js';
import { KEYS, openShop, type Shop, tracker, VISITOR } from './shop.js';
import { endpoint, offline } from './stripe-endpoint.js';
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
} from './stripe-events.js';
import { signed, startStripe } from './stripe-service.js';

/** What nobody answers. */
const never = new Promise<never>(() => undefined);

const LISTED =
  '/v1/invoice_payments?payment[type]=payment_intent&payment[payment_intent]=pi_1&expand[0]=data.invoice&limit=1';
const SESSIONS = '/v1/checkout/sessions?payment_intent=pi_1&limit=1';

/** Stripe has the payment, and nothing that says whose it is. */
function knowNothing(answers: Map<string, object | number>): void {
  answers.set('/v1/payment_intents/pi_1', paymentIntent());
  for (const path of [LISTED, SESSIONS]) answers.set(path, { object: 'list', data: [] });
}

const paid = (token: string | undefined) => stripeEvent('payment_intent.succeeded', paymentIntent(carrying(token)));

describe('a payment that Stripe tells of', () => {
  it.each([
    ['23', offline as StripeLike],
    ['20', new Stripe20('sk_test_shop') as StripeLike],
  ])('is a purchase of the visitor who saw the variant, with major %s of the package', async (_, stripe) => {
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

  it('counts for a variant seen in the second of the payment: Stripe’s times are whole seconds', async () => {
    const shop = await openShop({ seenAt: CREATED * 1000 + 700 });
    await endpoint(shop).handle(signed(paid(shop.token)));
    expect(shop.conversions()).toBe(1);
  });

  it.each(['PaymentIntent', 'charge', 'session'])(
    'counts for a variant that was seen while it was open, whichever tells of it first: its %s',
    async (first) => {
      // A page that shows Stripe's payment form makes the PaymentIntent before the browser has seen anything.
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

  it('counts once however often it is delivered', async () => {
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
  // A family: everything that Stripe tells of one payment, in the order in which it happens.
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

  it.each(Object.keys(families))('give the same report in any order and number: %s', async (name) => {
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

describe('a webhook that Stripe did not send, or not now', () => {
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
      body: 'the signature could not be confirmed',
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
  ])('is refused by its own name, for it tells of no amounts, with major %s of the package', async (_, stripe) => {
    const shop = await openShop();
    const answer = await endpoint(shop, { stripe }).handle(signed(thin));
    expect(answer).toEqual({
      statusCode: 400,
      body: "this is a thin event (v2.core.event), which does not hold the payment: give this endpoint's event destination the payload style Snapshot",
    });
    expect(shop.warnings).toEqual([expect.stringContaining('payload style Snapshot')]);
  });

  it('that Stripe did not sign is refused as anything else is', async () => {
    const shop = await openShop();
    expect(await endpoint(shop).handle(signed(thin, { secret: 'whsec_other' }))).toEqual({
      statusCode: 400,
      body: 'the signature could not be confirmed',
    });
  });
});

describe('a payment whose visitor is not known', () => {
  const who: WebhookIdentity = { externalId: 'customer 17' };

  it.each([
    ['is not there', async () => undefined],
    ['says that nobody was known', () => sealVisitor({}, KEYS)],
    ['was sealed in another environment', () => sealVisitor(VISITOR, [keyOf(9)])],
    ['is nonsense', async () => 'x'],
  ])('is reported for whom identify names when the token %s', async (_, makeToken) => {
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

  it('is not asked for where the token names the visitor', async () => {
    const shop = await openShop();
    const identify = () => expect.unreachable();
    expect(await endpoint(shop, { identify }).handle(signed(paid(shop.token)))).toMatchObject({ statusCode: 200 });
  });

  it('is answered 200 and not reported when nobody knows', async () => {
    const shop = await openShop();
    const event = paid(await sealVisitor({}, KEYS));
    expect(await endpoint(shop).handle(signed(event))).toEqual({
      statusCode: 200,
      body: 'purchase:pi_1 is not reported: nobody is known for it',
    });
    expect(tracker(shop.collector)).toEqual([]);
  });

  it.each([
    [
      'not_authentic',
      () => sealVisitor(VISITOR, [keyOf(9)]),
      /opened by none of keys .*sealed it in another environment.*or its key is missing/,
    ],
    ['malformed', async () => 'no token', /was cut or changed on its way/],
    ['expired', () => sealVisitor(VISITOR, KEYS, { now: () => Date.now() - 60_000 }), /older than maxAgeMs/],
  ])('is warned of by its likely cause, without the token, when that is %s', async (_, makeToken, cause) => {
    const shop = await openShop();
    const token = await makeToken();
    expect(await endpoint(shop, { maxAgeMs: 30_000 }).handle(signed(paid(token)))).toMatchObject({ statusCode: 200 });
    expect(shop.warnings).toEqual([expect.stringMatching(cause)]);
    expect(shop.warnings[0]).toContain('visitor token of purchase:pi_1');
    expect(shop.warnings[0]).not.toContain(token);
  });

  it('is nobody’s where it was sealed in another environment with the same key', async () => {
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

  it('tells no session of a renewal after years, and still whose it is', async () => {
    const shop = await openShop();
    const token = await sealVisitor(VISITOR, KEYS, { now: () => Date.now() - 401 * 86_400_000 });
    expect(await endpoint(shop).handle(signed(paid(token)))).toMatchObject({ body: 'purchase:pi_1 is stored' });
    const purchase = shop.collector.events().find(({ distinctId }) => distinctId === 'purchase:pi_1');
    expect(purchase).toMatchObject({ userId: VISITOR.userId });
    expect(purchase!.defaultProperties).not.toHaveProperty('sid');
  });

  it('is expired where tokens may only be so old', async () => {
    const shop = await openShop();
    const token = await sealVisitor(VISITOR, KEYS, { now: () => Date.now() - 86_400_000 });
    expect(await endpoint(shop, { maxAgeMs: 3_600_000 }).handle(signed(paid(token)))).toMatchObject({
      body: expect.stringContaining('not reported'),
    });
    expect(await endpoint(shop, { maxAgeMs: 90_000_000 }).handle(signed(paid(token)))).toMatchObject({
      body: 'purchase:pi_1 is stored',
    });
  });

  it.each<[string, () => Promise<StripeEvent>, Partial<StripeWebhookOptions>]>([
    ['identify', async () => paid(await sealVisitor({}, KEYS)), { identify: () => never }],
    [
      'Stripe',
      async () => stripeEvent('refund.created', refund()),
      { stripe: { ...offline, webhooks: offline.webhooks, paymentIntents: { retrieve: () => never } } as StripeLike },
    ],
  ])('is sent again when %s does not answer in time', async (_, makeEvent, options) => {
    const shop = await openShop();
    const webhook = endpoint(shop, { timeoutMs: 20, ...options });
    expect(await webhook.handle(signed(await makeEvent()))).toEqual({
      statusCode: 503,
      body: 'looking up what to report failed: send it again',
    });
    expect(shop.warnings).toEqual([expect.stringContaining('or took longer than timeoutMs (TimeoutError)')]);
  });

  it('is sent again when Stripe cannot be reached, which is named and not quoted', async () => {
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

  it('is sent again when identify fails', async () => {
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
  it('is the visitor’s whose payment it is, and never subtracts', async () => {
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

  it('is the subscriber’s when it pays back an invoice', async () => {
    const { stripe, answers, requests } = await startStripe();
    const shop = await openShop();
    answers.set('/v1/payment_intents/pi_1', paymentIntent());
    answers.set(LISTED, { object: 'list', data: [{ object: 'invoice_payment', invoice: invoice(shop.token) }] });
    const event = { ...refunded, account: 'acct_1' };
    expect(await endpoint(shop, { stripe }).handle(signed(event))).toMatchObject({ body: 'refund:re_1 is stored' });
    expect(requests).toEqual(['GET /v1/payment_intents/pi_1 in acct_1', `GET ${LISTED} in acct_1`]);
    expect(tracker(shop.collector)).toMatchObject([{ distinctId: 'refund:re_1', userId: VISITOR.userId }]);
  });

  it.each([
    ['the subscriber’s', (shop: Shop) => olderInvoice(shop.token)],
    ['the visitor’s whom the invoice itself carries', (shop: Shop) => olderInvoice(undefined, carrying(shop.token))],
  ])('is %s also by the API before 2025-03-31, which has no invoice payments', async (_, older) => {
    const { stripe, answers, requests } = await startStripe();
    const shop = await openShop();
    answers.set('/v1/payment_intents/pi_1', paymentIntent({ invoice: 'in_1' }));
    answers.set('/v1/invoices/in_1', older(shop));
    expect(await endpoint(shop, { stripe }).handle(signed(refunded))).toMatchObject({ body: 'refund:re_1 is stored' });
    expect(requests).toEqual(['GET /v1/payment_intents/pi_1', 'GET /v1/invoices/in_1']);
    expect(tracker(shop.collector)).toMatchObject([{ distinctId: 'refund:re_1', userId: VISITOR.userId }]);
  });

  it('asks that API for no invoice where the payment has none', async () => {
    const { stripe, answers, requests } = await startStripe();
    const shop = await openShop();
    knowNothing(answers);
    answers.set('/v1/payment_intents/pi_1', paymentIntent({ invoice: null }));
    expect(await endpoint(shop, { stripe }).handle(signed(refunded))).toMatchObject({ statusCode: 200 });
    expect(requests).toEqual(['GET /v1/payment_intents/pi_1', `GET ${SESSIONS}`]);
    expect(shop.warnings).toEqual([]);
  });

  it('is the visitor’s who was charged without a PaymentIntent', async () => {
    const { stripe, answers } = await startStripe();
    const shop = await openShop();
    answers.set('/v1/charges/ch_1', charge({ ...carrying(shop.token), payment_intent: null }));
    const event = stripeEvent('charge.dispute.created', dispute({ payment_intent: null }));
    expect(await endpoint(shop, { stripe }).handle(signed(event))).toMatchObject({ body: 'dispute:dp_1 is stored' });
  });

  it('is sent again when Stripe cannot be asked', async () => {
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
    [403, 'let the API key read PaymentIntents'],
    [404, 'it does not have them yet, or the API key is of another account, or of another mode'],
  ])('is sent again when Stripe refuses to say with %d, which may pass or be fixed', async (status, cause) => {
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
  it('is 503 while the purchase is not safe, and 200 once it is', async () => {
    const shop = await openShop();
    shop.collector.faults.next({ kind: 'hang' });
    const { handle } = endpoint(shop, { timeoutMs: 50 });
    const delivery = signed(paid(shop.token));
    expect(await handle(delivery)).toEqual({
      statusCode: 503,
      body: 'purchase:pi_1 could not be stored in time: send it again',
    });
    expect(await endpoint(shop).handle(delivery)).toMatchObject({ statusCode: 200 });
    expect(shop.conversions()).toBe(1);
  });

  it('is 503 when the queue is full or the client closed', async () => {
    const shop = await openShop({ outbox: createMemoryOutbox({ maxQueueBytes: 1 }) });
    const { handle } = endpoint(shop);
    expect(await handle(signed(paid(shop.token)))).toEqual({
      statusCode: 503,
      body: 'purchase:pi_1 could not be stored (queue_full): send it again',
    });
    await shop.client.close();
    expect(await handle(signed(paid(shop.token)))).toMatchObject({ statusCode: 503 });
  });

  it.each<[string, EventCatalog, string]>([
    ['unknown_event', { order: z.object({}) }, "event 'purchase' is not in your events. Known: order."],
    ['invalid_name', { Purchase: z.object({}) }, "a goal is matched exactly: send 'Purchase'."],
    ['invalid_properties', { purchase: z.object({ plan: z.string() }) }, 'plan (got nothing).'],
  ])(
    'is 503 while the client’s events do not fit, and says so, for they can be mended: %s',
    async (code, events, why) => {
      const shop = await openShop({ events });
      expect(await endpoint(shop).handle(signed(paid(shop.token)))).toEqual({
        statusCode: 503,
        body: `purchase:pi_1 does not fit the events of createClient (${code}): mend them, it is stored when it is sent again`,
      });
      const [warning, ...others] = shop.warnings.filter((each) => each.includes('Stripe webhook: purchase:pi_1'));
      expect(warning).toContain(`${why} Mend the events of createClient`);
      expect(others).toEqual([]);
    },
  );

  it('is 200 for what will never be stored: Stripe must not send it for ever', async () => {
    const refusing = await openShop({
      beforeSend: () => {
        throw new Error('no');
      },
    });
    expect(await endpoint(refusing).handle(signed(paid(refusing.token)))).toEqual({
      statusCode: 200,
      body: 'purchase:pi_1 is refused for good: before_send_failed',
    });
    const dropping = await openShop({ beforeSend: () => null });
    expect(await endpoint(dropping).handle(signed(paid(dropping.token)))).toEqual({
      statusCode: 200,
      body: 'purchase:pi_1 is dropped for good: before_send',
    });
  });

  it('is 200 for an event of no interest', async () => {
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
