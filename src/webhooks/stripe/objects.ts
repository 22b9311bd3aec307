/**
 * What is read of Stripe's objects, as far as it is the same from API version 2024-06-20 to today's. Declared here, so that
 * this package needs none of Stripe's; the real types of majors 20 and 23 are held against them in the type tests.
 */

/** An object, or its id where it is not expanded. */
export type Ref = string | { readonly id: string };

export type StripeMetadata = Readonly<Record<string, string>>;

interface Carrier {
  readonly id: string;
  /** Seconds since the epoch. */
  readonly created: number;
  readonly metadata: StripeMetadata | null;
}

export interface StripeSession extends Carrier {
  readonly mode: string;
  readonly payment_status: string;
  readonly payment_intent: Ref | null;
  readonly amount_total: number | null;
  readonly currency: string | null;
  /** All that a Payment Link, a pricing table or a buy button passes on. */
  readonly client_reference_id: string | null;
}

export interface StripePaymentIntent extends Carrier {
  readonly amount_received: number;
  readonly currency: string;
}

export interface StripeCharge extends Carrier {
  readonly paid: boolean;
  readonly captured: boolean;
  readonly payment_intent: Ref | null;
  readonly amount_captured: number;
  readonly currency: string;
}

interface SubscriptionDetails {
  readonly metadata: StripeMetadata | null;
  readonly subscription?: Ref | null;
}

export interface StripeInvoice extends Carrier {
  readonly billing_reason: string | null;
  readonly collection_method: string;
  /** What it is about. */
  readonly total: number;
  /** What was collected for it: less than `total` where the customer's credit balance paid. */
  readonly amount_paid: number;
  readonly currency: string;
  readonly status_transitions: { readonly paid_at: number | null };
  /** Since API version 2025-03-31. */
  readonly parent?: { readonly subscription_details: SubscriptionDetails | null } | null;
  /** Before API version 2025-03-31. */
  readonly subscription?: Ref | null;
  /** Before API version 2025-03-31. */
  readonly subscription_details?: SubscriptionDetails | null;
}

export interface StripeSubscription extends Carrier {
  readonly status: string;
  readonly collection_method: string;
  /** Seconds since the epoch; null without a trial. It stays when the trial is over. */
  readonly trial_end: number | null;
  readonly ended_at: number | null;
  readonly cancellation_details: { readonly reason: string | null } | null;
  readonly items: { readonly data: readonly { readonly current_period_start?: number }[] };
  /** Before API version 2025-03-31; on the items since. */
  readonly current_period_start?: number;
}

/** A refund or a dispute. */
interface Reversal extends Carrier {
  readonly amount: number;
  readonly currency: string;
  readonly charge: Ref | null;
  readonly payment_intent: Ref | null;
  readonly reason: string | null;
}

export interface StripeRefund extends Reversal {
  /** `pending`, `requires_action`, `succeeded`, `failed` or `canceled`; null where the payment method has no states. */
  readonly status: string | null;
}

export interface StripeDispute extends Reversal {
  /** `warning_…` while it is an inquiry, which takes no money. */
  readonly status: string;
}

/** A webhook's event, as `constructEvent` of the package `stripe` returns it. */
export interface StripeEvent {
  readonly type: string;
  /** Seconds since the epoch. */
  readonly created: number;
  /** `false` in test mode. */
  readonly livemode: boolean;
  /** The connected account it happened in. */
  readonly account?: string;
  /** The account it happened in, where it comes from an organization. Since API version 2025-04-30. */
  readonly context?: string;
  readonly data: { readonly object: object; readonly previous_attributes?: object };
}

/** The subscription of an invoice, and what Stripe copied of its metadata. */
export function subscriptionOf(invoice: StripeInvoice): {
  readonly id: string | undefined;
  readonly metadata: StripeMetadata | null | undefined;
} {
  const details = invoice.parent?.subscription_details ?? invoice.subscription_details;
  return { id: idOf(details?.subscription ?? invoice.subscription), metadata: details?.metadata };
}

export function idOf(ref: Ref | null | undefined): string | undefined {
  return typeof ref === 'object' ? ref?.id : ref;
}
