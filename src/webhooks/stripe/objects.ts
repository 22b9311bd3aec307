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
  readonly ended_at: number | null;
  readonly cancellation_details: { readonly reason: string | null } | null;
}

/** A refund or a dispute. */
export interface StripeReversal extends Carrier {
  readonly amount: number;
  readonly currency: string;
  readonly charge: Ref | null;
  readonly payment_intent: Ref | null;
  readonly reason: string | null;
}

/** A webhook's event, as `constructEvent` of the package `stripe` returns it. */
export interface StripeEvent {
  readonly type: string;
  /** Seconds since the epoch. */
  readonly created: number;
  /** The connected account it happened in. */
  readonly account?: string;
  readonly data: { readonly object: object; readonly previous_attributes?: object };
}

export function idOf(ref: Ref | null | undefined): string | undefined {
  return typeof ref === 'object' ? ref?.id : ref;
}
