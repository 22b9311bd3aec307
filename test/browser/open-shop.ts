import { Stripe } from 'stripe';
import { createOurs } from '../../examples/express/ours.js';
import { createShop } from '../../examples/express/shop.js';
import { listen } from '../../examples/express/simulation/listen.js';
import { startPayments } from '../../examples/express/simulation/payments.js';
import { createWebhooks } from '../../examples/express/simulation/webhooks.js';
import { type Collector, createCollector } from '../../src/collector/index.js';

/** The example shop with everything around it, and nobody in it yet. */
export interface OpenShop {
  readonly url: string;
  readonly collector: Collector;
  /** Resolves when every payment was told of and every event of the shop is with the collector. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

const WEBHOOK_SECRET = 'whsec_test_shop';

/** Opens the shop as `examples/express/main.ts` does. */
export async function openShop(): Promise<OpenShop> {
  const collector = await createCollector({
    experiments: [
      { key: 'checkout_redesign', variants: [{ name: 'classic' }, { name: 'one_page' }], primary: 'purchase' },
    ],
  });
  const webhooks = createWebhooks(() => `${shop.url}/webhooks/stripe`, WEBHOOK_SECRET);
  const payments = await startPayments(webhooks.notify);
  const ours = createOurs(collector.baseUrl);
  const port = new URL(payments.url).port;
  const stripe = new Stripe('sk_test_shop', { protocol: 'http', host: '127.0.0.1', port, telemetry: false });
  const shop = await listen(createShop({ ours, stripe, webhookSecret: WEBHOOK_SECRET, oursUrl: collector.url }));

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
