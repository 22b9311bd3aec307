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

/** The simulated environment of a shop. */
export interface World extends ShopOptions {
  readonly ours: Ours;
  readonly collector: Collector;
  /** The address of the payment provider's API. */
  readonly paymentsUrl: string;
}

/** With the running shop. */
export interface OpenWorld extends World {
  readonly shop: Listening;
}

/**
 * Runs a shop with simulated visitors and checks that every purchase was counted once, for the variant its visitor saw; otherwise the
 * process exits with 1. `afterwards` does further checks.
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
