import express, { type Express } from 'express';
import type { Stripe } from 'stripe';
import { z } from 'zod';
import { BROWSER_SDK_FILE } from './browser-sdk.js';
import { browserVisitor } from './browser-visitor.js';
import type { Ours } from './ours.js';
import { homePage, thanksPage } from './pages.js';
import { CURRENCIES, PRICES } from './prices.js';
import { type PaymentMetadata, trackPurchase } from './purchase.js';

export interface ShopOptions {
  readonly ours: Ours;
  readonly stripe: Stripe;
  readonly webhookSecret: string;
  /** Where the browser SDK sends to: your own domain for the service, here the collector. */
  readonly oursUrl: string;
}

const order = z.object({ currency: z.enum(CURRENCIES) });

// Stripe hangs up on a webhook after some seconds: answer before that, and it comes again.
const WEBHOOK_TIMEOUT_MS = 8_000;

/** A shop that tests its checkout: who saw which variant is asked on the page, who paid is learned from the webhook. */
export function createShop({ ours, stripe, webhookSecret, oursUrl }: ShopOptions): Express {
  const app = express();

  app.get('/ours.mjs', (_, response) => response.sendFile(BROWSER_SDK_FILE));

  app.get('/', async (request, response) => {
    const visitor = ours.visitor(browserVisitor(request));
    // The first page a new browser ever asks for: the SDK on it has yet to make the visitor.
    if (visitor.userId === undefined) {
      response.send(homePage(undefined, oursUrl));
      return;
    }
    visitor.track('page_viewed', { page: 'home' });
    const { variantName } = await visitor.assign('checkout_redesign');
    response.send(homePage(variantName, oursUrl));
  });

  app.post('/checkout', express.urlencoded(), async (request, response) => {
    const parsed = order.safeParse(request.body);
    if (!parsed.success) {
      response.sendStatus(400);
      return;
    }
    const { currency } = parsed.data;
    const { userId = null, sessionId = null } = browserVisitor(request);
    const metadata: PaymentMetadata = { ours_visitor_id: userId, ours_session_id: sessionId };
    const payment = await stripe.paymentIntents.create({
      amount: PRICES[currency],
      currency,
      payment_method: 'pm_card_visa',
      confirm: true,
      metadata,
    });
    response.send(thanksPage(payment.id));
  });

  // The signature covers the bytes as they came: no JSON parser may touch them before.
  app.post('/webhooks/stripe', express.raw({ type: 'application/json' }), async (request, response) => {
    const rawBody: Buffer = request.body;
    let event: Stripe.Event;
    try {
      event = stripe.webhooks.constructEvent(rawBody, request.get('stripe-signature') ?? '', webhookSecret);
    } catch {
      response.sendStatus(400);
      return;
    }
    // A payment without a visitor, taken by phone or with cookies blocked, is nobody's purchase.
    if (event.type === 'payment_intent.succeeded' && event.data.object.metadata.ours_visitor_id !== undefined) {
      const receipt = trackPurchase(ours, event.data.object);
      try {
        // 200 tells Stripe to forget the payment, so not before the purchase is in safe hands.
        await receipt.stored({ timeoutMs: WEBHOOK_TIMEOUT_MS });
      } catch {
        response.sendStatus(503);
        return;
      }
    }
    response.sendStatus(200);
  });

  return app;
}
