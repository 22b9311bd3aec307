import { Hono } from 'hono';
import type { Visitor } from 'ours-ingest';
import { visitorMiddleware } from 'ours-ingest/hono';
import { stripeWebhook, visitorMetadata } from 'ours-ingest/stripe';
import type { ShopOptions } from '../shop/options.js';
import { order } from '../shop/order.js';
import type { ShopEvents } from '../shop/ours.js';
import { homePage, thanksPage } from '../shop/pages.js';
import { PRICES } from '../shop/prices.js';

/** The shop on Hono. */
export function createShop({ ours, stripe, webhookSecret, visitorKeys }: ShopOptions) {
  const app = new Hono<{ Variables: { visitor: Visitor<ShopEvents> } }>();

  // It has no visitor, and waits for its own events.
  const webhook = stripeWebhook({ stripe, secret: webhookSecret, ours, keys: visitorKeys });
  app.post('/webhooks/stripe', (c) => webhook.request(c.req.raw));

  // Before every other route that tracks: each request delivers its own events through its `waitUntil`. All requests to a Worker
  // come through Cloudflare, which sets the visitor's address.
  app.use(visitorMiddleware(ours, { ipHeader: 'cf-connecting-ip' }));

  app.get('/', async (c) => {
    const { visitor } = c.var;
    visitor.track('page_viewed', { page: 'home' });
    const { variantName } = await visitor.assign('checkout_redesign');
    return c.html(homePage(variantName));
  });

  app.post('/checkout', async (c) => {
    const parsed = order.safeParse(await c.req.parseBody());
    if (!parsed.success) return c.body(null, 400);
    const { currency } = parsed.data;
    const payment = await stripe.paymentIntents.create({
      amount: PRICES[currency],
      currency,
      payment_method: 'pm_card_visa',
      confirm: true,
      metadata: { ...(await visitorMetadata(c.var.visitor, visitorKeys)) },
    });
    return c.html(thanksPage(payment.id));
  });

  return app;
}
