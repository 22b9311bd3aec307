import type { VisitorKey } from 'ours-ingest/webhooks';
import type { Stripe } from 'stripe';
import type { Ours } from './ours.js';

/** What every one of the shops is made with. */
export interface ShopOptions {
  readonly ours: Ours;
  readonly stripe: Stripe;
  readonly webhookSecret: string;
  /** They seal the visitor into payments. */
  readonly visitorKeys: readonly VisitorKey[];
}
