import fastify, { type FastifyInstance } from 'fastify';
import type { Visitor } from 'ours-ingest';
import { visitorPlugin } from 'ours-ingest/fastify';
import { stripeWebhook, visitorMetadata } from 'ours-ingest/stripe';
import type { ShopOptions } from '../shop/options.js';
import { order } from '../shop/order.js';
import type { ShopEvents } from '../shop/ours.js';
import { homePage, thanksPage } from '../shop/pages.js';
import { PRICES } from '../shop/prices.js';

/** The shop on Fastify. */
export async function createShop(options: ShopOptions): Promise<FastifyInstance> {
  const { ours, stripe, visitorKeys } = options;
  const app = fastify();
  await app.register(visitorPlugin(ours));
  await app.register(stripeRoute(options));
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => {
    done(null, Object.fromEntries(new URLSearchParams(String(body))));
  });

  app.get('/', async (request, reply) => {
    const visitor = request.getDecorator<Visitor<ShopEvents>>('visitor');
    visitor.track('page_viewed', { page: 'home' });
    const { variantName } = await visitor.assign('checkout_redesign');
    return reply.type('text/html').send(homePage(variantName));
  });

  app.post('/checkout', async (request, reply) => {
    const parsed = order.safeParse(request.body);
    if (!parsed.success) return reply.code(400).send();
    const { currency } = parsed.data;
    const visitor = request.getDecorator<Visitor<ShopEvents>>('visitor');
    const payment = await stripe.paymentIntents.create({
      amount: PRICES[currency],
      currency,
      payment_method: 'pm_card_visa',
      confirm: true,
      metadata: { ...(await visitorMetadata(visitor, visitorKeys)) },
    });
    return reply.type('text/html').send(thanksPage(payment.id));
  });

  // All requests are answered by then; their events are delivered before the process ends.
  app.addHook('onClose', async () => {
    await ours.close();
  });
  return app;
}

/** In a separate plugin, so that only this route gets the raw body: the signature covers the bytes. */
function stripeRoute({ ours, stripe, webhookSecret, visitorKeys }: ShopOptions) {
  const webhook = stripeWebhook({ stripe, secret: webhookSecret, ours, keys: visitorKeys });
  return async (app: FastifyInstance): Promise<void> => {
    app.removeContentTypeParser('application/json');
    app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    app.post('/webhooks/stripe', webhook.fastify);
  };
}
