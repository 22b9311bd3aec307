import { Stripe } from 'stripe';
import type { Webhook } from '../../../src/webhooks/index.js';
import { type StripeWebhookOptions, stripeWebhook } from '../../../src/webhooks/stripe/index.js';
import { KEYS, type Shop } from '../shop.js';
import { SECRET } from './service.js';

/** A client that is never called. */
export const offline: Stripe = new Stripe('sk_test_shop');

/** The endpoint of a shop, which logs to the shop's warnings. */
export function endpoint(shop: Shop, options: Partial<StripeWebhookOptions> = {}): Webhook {
  const logger = { warn: (message: string) => void shop.warnings.push(message) };
  return stripeWebhook({ stripe: offline, secret: SECRET, ours: shop.client, keys: KEYS, logger, ...options });
}
