/**
 * The fields used of Stripe's objects, since API version 2024-06-20. Declared here, so that this package does not depend on
 * Stripe's; type tests compare them with the real types of majors 20 and 23.
 */

/** An object, or its id if it is not expanded. */
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
  /** The only field that a Payment Link, a pricing table or a buy button passes on. */
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

/** In minor units. */
export interface InvoiceAmounts {
  /** The invoice amount, whatever was credited afterwards. */
  readonly total?: number;
  /** The collected amount: less than `total` if the customer's credit balance paid a part. */
  readonly amount_paid?: number;
  /** What credit notes took off before the payment. */
  readonly pre_payment_credit_notes_amount?: number;
}

/** Where an invoice has its subscription. */
interface OfSubscription {
  /** Since API version 2025-03-31. */
  readonly parent?: { readonly subscription_details: SubscriptionDetails | null } | null;
  /** Before API version 2025-03-31. */
  readonly subscription?: Ref | null;
  /** Before API version 2025-03-31. */
  readonly subscription_details?: SubscriptionDetails | null;
}

export interface StripeInvoice extends Carrier, InvoiceAmounts, OfSubscription {
  readonly billing_reason: string | null;
  readonly collection_method: string;
  readonly currency: string;
  readonly status_transitions: { readonly paid_at: number | null };
}

/** The part of an invoice that tells who paid it. */
export interface InvoiceLike extends OfSubscription {
  readonly id: string;
  readonly metadata?: StripeMetadata | null;
}

export interface StripeSubscription extends Carrier {
  readonly status: string;
  readonly collection_method: string;
  /** Seconds since the epoch; null without a trial. Stays set after the trial. */
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
  /** `pending`, `requires_action`, `succeeded`, `failed` or `canceled`; null if the payment method has no states. */
  readonly status: string | null;
}

export interface StripeDispute extends Reversal {
  /** `warning_…` for an inquiry, which takes no money. */
  readonly status: string;
}

/** An event, as `constructEvent` of the package `stripe` returns it. */
export interface StripeEvent {
  readonly type: string;
  /** Seconds since the epoch. */
  readonly created: number;
  /** `false` in test mode. */
  readonly livemode: boolean;
  /** The connected account. */
  readonly account?: string;
  /** The account, if the event comes from an organization. Since API version 2025-04-30. */
  readonly context?: string;
  readonly data: { readonly object: object; readonly previous_attributes?: object };
}

/** The subscription of an invoice, with Stripe's copy of its metadata. */
export function subscriptionOf(invoice: OfSubscription): {
  readonly id: string | undefined;
  readonly metadata: StripeMetadata | null | undefined;
} {
  const details = invoice.parent?.subscription_details ?? invoice.subscription_details;
  return { id: idOf(details?.subscription ?? invoice.subscription), metadata: details?.metadata };
}

export function idOf(ref: Ref | null | undefined): string | undefined {
  return typeof ref === 'object' ? ref?.id : ref;
}
