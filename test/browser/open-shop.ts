import { randomBytes } from 'node:crypto';
import { createShop } from '../../examples/express-stripe/shop.js';
import { createOurs } from '../../examples/shop/ours.js';
import { listen } from '../../examples/simulation/listen.js';
import { startPayments } from '../../examples/simulation/payments.js';
import { createStripe } from '../../examples/simulation/stripe.js';
import { createWebhooks } from '../../examples/simulation/webhooks.js';
import { type Collector, createCollector } from '../../src/collector/index.js';

/** The example shop with its simulation, before any visitor. */
export interface OpenShop {
  readonly url: string;
  readonly collector: Collector;
  /** Resolves when every payment was reported and every event of the shop is delivered. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

const WEBHOOK_SECRET = 'whsec_test_shop';

/** Opens the shop like `examples/express-stripe/main.ts`. */
export async function openShop(): Promise<OpenShop> {
  const collector = await createCollector({
    experiments: [
      { key: 'checkout_redesign', variants: [{ name: 'classic' }, { name: 'one_page' }], primary: 'purchase' },
    ],
  });
  const webhooks = createWebhooks(() => `${shop.url}/webhooks/stripe`, WEBHOOK_SECRET);
  const payments = await startPayments(webhooks.notify);
  const ours = createOurs(collector.baseUrl);
  const stripe = createStripe(payments.url);
  const shop = await listen(
    createShop({ ours, stripe, webhookSecret: WEBHOOK_SECRET, visitorKeys: [randomBytes(32)], oursUrl: collector.url }),
  );

  return {
    url: shop.url,
    collector,
    async settled() {
      await webhooks.settled();
      await ours.flush();
    },
    async close() {
      await shop.close();
      await payments.close();
      await ours.close();
      await collector.close();
    },
  };
}
