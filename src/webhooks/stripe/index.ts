export { conversionsFromStripe, type StripeConversion } from './conversions.js';
export type { StripeCallOptions, StripePayments } from './find-token.js';
export { type CheckoutParams, type VisitorMetadata, visitorMetadata, withVisitor } from './metadata.js';
export type { StripeEvent } from './objects.js';
export { type StripeLike, type StripeWebhookOptions, stripeWebhook } from './stripe-webhook.js';
