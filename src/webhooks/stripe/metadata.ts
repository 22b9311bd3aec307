import { failOption } from '../../core/check-option.js';
import { typeName } from '../../core/refusal.js';
import type { SecretKey } from '../../core/secret-key.js';
import { isSealed } from '../token/cipher.js';
import { type SealableVisitor, type SealOptions, sealVisitor } from '../token/seal-visitor.js';
import type { StripeSession } from './objects.js';

const VISITOR_KEY = 'ours_visitor';

/** Stripe's limit for one object. */
const MAX_METADATA_KEYS = 50;

/** The visitor, to spread into the `metadata` of a payment. */
export interface VisitorMetadata {
  readonly ours_visitor: string;
}

/**
 * The sealed visitor as metadata for Stripe; it cannot be read without a key. Spread it into the `metadata` of a PaymentIntent, a
 * Subscription or an Invoice. A Checkout Session has several metadata fields: use {@link withVisitor}.
 *
 * Add it to every payment, even without a known visitor: it marks the payment as one to report, and `identify` can supply the
 * identity. Await it: a promise spreads to nothing, and the payment is not reported.
 *
 * @example
 * await stripe.paymentIntents.create({
 *   amount,
 *   currency,
 *   metadata: { order: order.id, ...(await visitorMetadata(visitor, keys)) },
 * });
 *
 * @throws {OursError} `invalid_option` if the keys or an option are invalid, or the visitor is no object
 */
export async function visitorMetadata(
  visitor: SealableVisitor | undefined,
  keys: readonly SecretKey[],
  options?: SealOptions,
): Promise<VisitorMetadata> {
  return { [VISITOR_KEY]: await sealVisitor(visitor, keys, options) };
}

/** The sealed visitor in an object's metadata. */
export function tokenIn(metadata: Readonly<Record<string, string>> | null | undefined): string | undefined {
  return metadata?.[VISITOR_KEY];
}

/** The sealed visitor of a session. A `client_reference_id` that is not a token is the shop's own reference. */
export function tokenOfSession({
  metadata,
  client_reference_id,
}: Pick<StripeSession, 'metadata' | 'client_reference_id'>): string | undefined {
  return tokenIn(metadata) ?? (isSealed(client_reference_id) ? client_reference_id : undefined);
}

type Metadata = Record<string, string | number | null>;

/** The part of the parameters of `stripe.checkout.sessions.create` that {@link withVisitor} uses. */
export interface CheckoutParams {
  mode?: string;
  metadata?: Metadata | '';
  payment_intent_data?: object;
  subscription_data?: object;
}

/**
 * Adds the visitor to the parameters of a Checkout Session: to the session, and to the payment or subscription that it creates,
 * which has its own events. Existing metadata stays. The invoice of `invoice_creation` gets no visitor: it would be a separate
 * purchase, and the payment would count twice.
 *
 * @example
 * await stripe.checkout.sessions.create(
 *   withVisitor({ mode: 'payment', line_items, success_url }, await visitorMetadata(visitor, keys)),
 * );
 *
 * @throws {OursError} `invalid_option` if it is not what {@link visitorMetadata} resolves to: no purchase would be reported
 */
export function withVisitor<Params extends CheckoutParams>(params: Params, visitor: VisitorMetadata): Params {
  if (typeof visitor?.[VISITOR_KEY] !== 'string') {
    failOption(
      `withVisitor needs the metadata of the visitor; got ${typeName(visitor)}: withVisitor(params, await visitorMetadata(visitor, keys)).`,
    );
  }
  const { mode, metadata, payment_intent_data, subscription_data } = params;
  return {
    ...params,
    metadata: merge(metadata, visitor),
    ...(mode === 'payment' && { payment_intent_data: carrying(payment_intent_data, visitor) }),
    ...(mode === 'subscription' && { subscription_data: carrying(subscription_data, visitor) }),
  };
}

function carrying(data: { readonly metadata?: Metadata } | undefined, visitor: VisitorMetadata): object {
  return { ...data, metadata: merge(data?.metadata, visitor) };
}

/** Leaves the visitor out if Stripe would reject the checkout for too many keys. */
function merge(metadata: Metadata | '' | undefined, visitor: VisitorMetadata): Metadata {
  const merged = { ...(metadata || {}), ...visitor };
  return Object.keys(merged).length > MAX_METADATA_KEYS && metadata ? metadata : merged;
}
