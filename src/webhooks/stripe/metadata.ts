import { OursError } from '../../core/errors.js';
import type { SecretKey } from '../../core/secret-key.js';
import { isSealed, type SealableVisitor, type SealOptions, sealVisitor } from '../visitor-token.js';
import type { StripeSession } from './objects.js';

/** The key under which the visitor travels. */
const VISITOR_KEY = 'ours_visitor';

/** What Stripe takes at most on one object. */
const MAX_METADATA_KEYS = 50;

/** The visitor, to be spread into the `metadata` of a payment. */
export interface VisitorMetadata {
  readonly ours_visitor: string;
}

/**
 * The visitor as metadata for Stripe, sealed: nothing in it can be read without a key. Spread it into the `metadata` of what you
 * create: a PaymentIntent, a Subscription, an Invoice. A Checkout Session has several: {@link withVisitor} fills them.
 *
 * Give it to every payment, also where the visitor is not known or there is none: it marks the payment as one to report, for whom
 * `identify` names. Await it: a promise spreads to nothing, and the payment is not reported.
 *
 * @example
 * await stripe.paymentIntents.create({
 *   amount,
 *   currency,
 *   metadata: { order: order.id, ...(await visitorMetadata(visitor, keys)) },
 * });
 *
 * @throws {OursError} `invalid_option` when the keys or the environment are wrong
 */
export async function visitorMetadata(
  visitor: SealableVisitor | undefined,
  keys: readonly SecretKey[],
  options: SealOptions = {},
): Promise<VisitorMetadata> {
  return { [VISITOR_KEY]: await sealVisitor(visitor, keys, options) };
}

/** The sealed visitor in an object's metadata. */
export function tokenIn(metadata: Readonly<Record<string, string>> | null | undefined): string | undefined {
  return metadata?.[VISITOR_KEY];
}

/** The sealed visitor of a session. A `client_reference_id` that is none is the shop's own reference. */
export function tokenOfSession({
  metadata,
  client_reference_id,
}: Pick<StripeSession, 'metadata' | 'client_reference_id'>): string | undefined {
  return tokenIn(metadata) ?? (isSealed(client_reference_id) ? client_reference_id : undefined);
}

type Metadata = Record<string, string | number | null>;

/** What is needed of the parameters of `stripe.checkout.sessions.create`. */
export interface CheckoutParams {
  mode?: string;
  metadata?: Metadata | '';
  payment_intent_data?: object;
  subscription_data?: object;
}

/**
 * The parameters of a Checkout Session with the visitor in all the right places: on the session, and on the payment or the
 * subscription it will create, which sends events of its own. What is there already stays. Not on the invoice that
 * `invoice_creation` makes: one that carries a visitor is a purchase of its own, and the payment would count twice.
 *
 * @example
 * await stripe.checkout.sessions.create(
 *   withVisitor({ mode: 'payment', line_items, success_url }, await visitorMetadata(visitor, keys)),
 * );
 *
 * @throws {OursError} `invalid_option` when the metadata was not awaited: no purchase would be reported
 */
export function withVisitor<Params extends CheckoutParams>(params: Params, visitor: VisitorMetadata): Params {
  if (visitor instanceof Promise) {
    throw new OursError(
      'invalid_option',
      'withVisitor needs the metadata, not a promise of it: withVisitor(params, await visitorMetadata(visitor, keys)).',
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

/** One key too many, and Stripe would refuse the checkout: then it goes on without the visitor. */
function merge(metadata: Metadata | '' | undefined, visitor: VisitorMetadata): Metadata {
  const merged = { ...(metadata || {}), ...visitor };
  return Object.keys(merged).length > MAX_METADATA_KEYS && metadata ? metadata : merged;
}
