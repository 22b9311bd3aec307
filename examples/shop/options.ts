import type { VisitorKey } from 'ours-ingest/webhooks';
import type { Stripe } from 'stripe';
import type { Ours } from './ours.js';

/** The options of every shop. */
export interface ShopOptions {
  readonly ours: Ours;
  readonly stripe: Stripe;
  readonly webhookSecret: string;
  /** For sealing the visitor into payments. */
  readonly visitorKeys: readonly VisitorKey[];
}
