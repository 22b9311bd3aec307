export type { StripeConversion } from './conversion.js';
export { conversionsFromStripe } from './conversions.js';
export type { StripeCallOptions, StripePayments } from './lookups.js';
export { type CheckoutParams, type VisitorMetadata, visitorMetadata, withVisitor } from './metadata.js';
export type { StripeEvent } from './objects.js';
export { type StripeTestMode, type StripeWebhookOptions, stripeWebhook } from './stripe-webhook.js';
export type { StripeLike } from './verify-event.js';
