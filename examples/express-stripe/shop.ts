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
  /** Where the browser SDK sends to: your own domain for the service, here the collector. */
  readonly oursUrl: string;
  /** The collector's page, to follow a purchase while you develop. @default no link to it */
  readonly collectorUrl?: string;
}

/** A shop that tests its checkout: who saw which variant is asked on the page, who paid is learned from the webhook. */
export function createShop(options: ExpressShopOptions): Express {
  const { ours, stripe, webhookSecret, visitorKeys, oursUrl, collectorUrl } = options;
  const app = express();

  // The signature covers the bytes as they came: no JSON parser may touch them before.
  const webhook = stripeWebhook({ stripe, secret: webhookSecret, ours, keys: visitorKeys });
  app.post('/webhooks/stripe', express.raw({ type: 'application/json', limit: '1mb' }), webhook.express);

  app.get('/ours.mjs', (_, response) => response.sendFile(BROWSER_SDK_FILE));

  app.use(visitorMiddleware(ours));

  app.get('/', async ({ visitor }, response) => {
    // The first page a new browser ever asks for: the SDK on it has yet to make the visitor.
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
      // The visitor comes back with the webhook, which has no cookies. Sealed: whoever reads the payment learns nothing.
      metadata: { ...(await visitorMetadata(request.visitor, visitorKeys)) },
    });
    const { userId = '' } = request.visitor;
    const events = collectorUrl && `${collectorUrl}/?${new URLSearchParams({ visitor: userId })}`;
    response.send(thanksPage(payment.id, events));
  });

  return app;
}
