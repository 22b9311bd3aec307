import { failOption } from '../../core/check-option.js';
import type { IncomingWebhook } from '../incoming.js';
import type { StripePayments } from './lookups.js';
import type { StripeEvent } from './objects.js';

/** The part of the `stripe` client that the endpoint uses. */
export interface StripeLike<Event extends StripeEvent = StripeEvent> extends StripePayments {
  readonly webhooks: {
    constructEventAsync(payload: string, header: string, secret: string): Promise<Event>;
  };
}

const THIN = 'v2.core.event';

/**
 * Verifies the signature and returns the event.
 * @throws the error of `stripe`; {OursError} `invalid_option` for an event that does not contain the payment
 */
export async function verifyEvent<Event extends StripeEvent>(
  { webhooks }: StripeLike<Event>,
  secret: string,
  { body, headers }: IncomingWebhook,
): Promise<Event> {
  try {
    // The asynchronous method works on every runtime. It rejects events older than 300 seconds.
    const event = await webhooks.constructEventAsync(body, headers['stripe-signature'] ?? '', secret);
    if ((event as { readonly object?: unknown }).object !== THIN) return event;
  } catch (error) {
    // Later majors reject a thin event themselves, after verifying its signature.
    const { type } = error as { readonly type?: string };
    if (type === 'StripeSignatureVerificationError' || !body.includes(THIN)) throw error;
  }
  failOption(
    `this is a thin event (${THIN}), which does not contain the payment: set the payload style of this endpoint's event destination to Snapshot`,
  );
}
