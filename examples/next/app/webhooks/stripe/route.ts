import { stripeWebhook } from 'ours-ingest/stripe';
import { STRIPE_WEBHOOK_SECRET, VISITOR_KEY } from '../../../lib/env';
import { ours } from '../../../lib/ours';
import { stripe } from '../../../lib/stripe';

export const POST = stripeWebhook({ stripe, secret: STRIPE_WEBHOOK_SECRET, ours, keys: [VISITOR_KEY] }).request;
