import { type StripeConversion, toTime } from './conversion.js';
import { tokenIn } from './metadata.js';
import type { StripeEvent, StripeSubscription } from './objects.js';

/*
 * A subscription starts with its first payment that is not a trial's. In Stripe's states:
 *
 *   incomplete ──first invoice paid──▶ active                                         started
 *   created as active                                                                 started; its first invoice is paid or 0
 *   created as active with collection_method 'send_invoice'                           not yet; its invoice is open
 *   trialing ──trial over──▶ active                                                   not yet; Stripe collects an hour later
 *   trialing ──▶ paused (no card) ──resumed and paid──▶ active                        started
 *   trialing ──▶ past_due | unpaid (card declined) ──invoice of that period paid──▶ active   started
 *   active ──▶ past_due | unpaid ──paid──▶ active                                     a late renewal
 *
 * Where the state says "not yet", the invoice's event reports the start: see `first-payment.ts`. Both use the same `distinctId`.
 * Source: Stripe's documentation of subscription statuses, trials and pausing.
 */

export function fromNewSubscription(subscription: StripeSubscription): StripeConversion | undefined {
  const { id, status, created, metadata, collection_method } = subscription;
  if (status === 'active') {
    return collection_method === 'send_invoice' ? undefined : started(id, toTime(created), tokenIn(metadata));
  }
  if (status !== 'trialing') return undefined;
  return {
    event: 'trial_started',
    eventProperties: { subscription_id: id },
    distinctId: `trial:${id}`,
    time: toTime(created),
    visitorToken: tokenIn(metadata),
  };
}

export function fromChangedSubscription(
  subscription: StripeSubscription,
  { created, data }: StripeEvent,
): StripeConversion | undefined {
  const { status: before } = (data.previous_attributes ?? {}) as { readonly status?: string };
  return before === undefined ? undefined : becameActive(subscription, before, created);
}

export function fromResumedSubscription(
  subscription: StripeSubscription,
  { created }: StripeEvent,
): StripeConversion | undefined {
  return becameActive(subscription, 'paused', created);
}

function becameActive(subscription: StripeSubscription, before: string, at: number): StripeConversion | undefined {
  const { id, status, metadata } = subscription;
  if (status !== 'active' || !isFirstPayment(subscription, before)) return undefined;
  return started(id, toTime(at), tokenIn(metadata));
}

export function fromEndedSubscription(subscription: StripeSubscription, event: StripeEvent): StripeConversion {
  const { id, ended_at, cancellation_details, metadata } = subscription;
  return {
    event: 'subscription_cancelled',
    eventProperties: { subscription_id: id, reason: cancellation_details?.reason ?? undefined },
    distinctId: `cancellation:${id}`,
    time: toTime(ended_at ?? event.created),
    visitorToken: tokenIn(metadata),
  };
}

/** All sources of a subscription's start use the same id. `time` in milliseconds since the epoch. */
export function started(id: string, time: number, visitorToken: string | undefined): StripeConversion {
  return {
    event: 'subscription_started',
    eventProperties: { subscription_id: id },
    distinctId: `subscription:${id}`,
    time,
    visitorToken,
  };
}

/** Whether a subscription that just became active was paid for the first time. */
function isFirstPayment({ trial_end, items, current_period_start }: StripeSubscription, before: string): boolean {
  if (before === 'incomplete') return true;
  if (trial_end === null) return false;
  if (before === 'paused') return true;
  // Only the period that began at the end of the trial: paying a later one late is a renewal.
  const periodStart = items?.data[0]?.current_period_start ?? current_period_start ?? trial_end;
  return (before === 'past_due' || before === 'unpaid') && periodStart === trial_end;
}
