import express, { type Express } from 'express';
import { visitorMiddleware } from 'ours-ingest/express';
import { stripeWebhook, visitorMetadata } from 'ours-ingest/stripe';
import type { ShopOptions } from '../shop/options.js';
import { order } from '../shop/order.js';
import type { ShopEvents } from '../shop/ours.js';
import { homePage, thanksPage } from '../shop/pages.js';
import { PRICES } from '../shop/prices.js';
import { BROWSER_SDK_FILE, browserSdk } from './browser-sdk.js';

// `request.visitor` knows the shop's events.
declare module 'ours-ingest/express' {
  interface Register {
    readonly events: ShopEvents;
  }
}

export interface ExpressShopOptions extends ShopOptions {
  /** Where the browser SDK sends events: your own domain for the service, here the collector. */
  readonly oursUrl: string;
  /** The collector's page, to follow a purchase during development. @default no link */
  readonly collectorUrl?: string;
}

/** A shop that tests its checkout: the page assigns the variant, the webhook reports the purchase. */
export function createShop(options: ExpressShopOptions): Express {
  const { ours, stripe, webhookSecret, visitorKeys, oursUrl, collectorUrl } = options;
  const app = express();

  // The signature covers the raw bytes: do not put a JSON parser before this route.
  const webhook = stripeWebhook({ stripe, secret: webhookSecret, ours, keys: visitorKeys });
  app.post('/webhooks/stripe', express.raw({ type: 'application/json', limit: '1mb' }), webhook.express);

  app.get('/ours.mjs', (_, response) => response.sendFile(BROWSER_SDK_FILE));

  app.use(visitorMiddleware(ours));

  app.get('/', async ({ visitor }, response) => {
    // A new browser's first page: the SDK on it creates the visitor.
    if (visitor.userId === undefined) {
      response.send(homePage(undefined, browserSdk(oursUrl)));
      return;
    }
    visitor.track('page_viewed', { page: 'home' });
    const { variantName } = await visitor.assign('checkout_redesign');
    response.send(homePage(variantName, browserSdk(oursUrl)));
  });

  app.post('/checkout', express.urlencoded(), async (request, response) => {
    const parsed = order.safeParse(request.body);
    if (!parsed.success) {
      response.sendStatus(400);
      return;
    }
    const { currency } = parsed.data;
    const payment = await stripe.paymentIntents.create({
      amount: PRICES[currency],
      currency,
      payment_method: 'pm_card_visa',
      confirm: true,
      // The webhook, which has no cookies, returns the visitor. It is sealed, so that it cannot be read in the payment.
      metadata: { ...(await visitorMetadata(request.visitor, visitorKeys)) },
    });
    const { userId = '' } = request.visitor;
    const events = collectorUrl && `${collectorUrl}/?${new URLSearchParams({ visitor: userId })}`;
    response.send(thanksPage(payment.id, events));
  });

  return app;
}
