import { randomBytes } from 'node:crypto';
import type { Collector } from 'ours-ingest/collector';
import type { ShopOptions } from '../shop/options.js';
import { createOurs, type Ours } from '../shop/ours.js';
import { conclude } from './conclude.js';
import { letCrowdCome } from './crowd.js';
import type { Ledger } from './ledger.js';
import type { Listening } from './listen.js';
import { startPayments } from './payments.js';
import { openCollector } from './service.js';
import { createStripe } from './stripe.js';
import { createWebhooks } from './webhooks.js';

/** What a shop finds around itself, and how to reach it from elsewhere. */
export interface World extends ShopOptions {
  readonly ours: Ours;
  readonly collector: Collector;
  /** Where the payment provider's API is. */
  readonly paymentsUrl: string;
}

/** A world whose shop is open. */
export interface OpenWorld extends World {
  readonly shop: Listening;
}

/**
 * Opens a shop in a world of its own, lets a crowd come by, and says whether every purchase was counted once, for the variant
 * its visitor saw; otherwise the process ends with 1. `afterwards` does and looks at whatever else there is.
 */
export async function demonstrate(
  openShop: (world: World) => Promise<Listening>,
  afterwards: (world: OpenWorld, ledger: Ledger) => Promise<readonly string[]> = async () => [],
): Promise<void> {
  const webhookSecret = 'whsec_test_shop';
  const collector = await openCollector();
  const webhooks = createWebhooks(() => `${shop.url}/webhooks/stripe`, webhookSecret);
  const payments = await startPayments(webhooks.notify);
  const world: World = {
    collector,
    ours: createOurs(collector.baseUrl),
    stripe: createStripe(payments.url),
    webhookSecret,
    visitorKeys: [randomBytes(32).toString('base64')],
    paymentsUrl: payments.url,
  };
  const shop = await openShop(world);

  const ledger = await letCrowdCome(shop.url);
  const tampered = await webhooks.tamper();
  await webhooks.settled();
  const others = await afterwards({ ...world, shop }, ledger);
  await shop.close();
  await world.ours.close();

  const problems = [...others];
  if (tampered !== 400) problems.push(`a tampered webhook was answered ${tampered} instead of 400`);
  conclude(collector, ledger, problems);
  await payments.close();
  await collector.close();
}
