import { type EventEntity, EventName, type Paddle } from '@paddle/paddle-node-sdk';
import type { CommerceEvents } from 'ours-ingest/commerce';
import { type Conversion, createWebhook, fromMinorUnits, type VisitorKey, type Webhook } from 'ours-ingest/webhooks';
import type { Ours } from './ours.js';

export interface PaddleOptions {
  readonly paddle: Paddle;
  /** The notification destination's secret key: `pdl_ntfset_…`. */
  readonly secret: string;
  readonly ours: Ours;
  readonly keys: readonly VisitorKey[];
}

/**
 * Paddle Billing. The checkout has the visitor in `customData: { ours_visitor: await sealVisitor(visitor, keys) }`, which Paddle copies
 * into the transaction and its subscription. Paddle's SDK rejects webhooks older than 5 seconds; Paddle signs each retry again.
 *
 * The start of a trial, a transaction of 0, is not reported, and the first payment after it is a recurring one for Paddle:
 * `subscription_renewed`. A shop with trials should also report `subscription_started` for `subscription.activated`, which Paddle
 * sends once a subscription is active and paid, and use it as its goal. Make its `distinctId` from the subscription,
 * `subscription:<id>`: a subscription starts once.
 */
export function paddleWebhook({ paddle, secret, ours, keys }: PaddleOptions): Webhook {
  return createWebhook<EventEntity, CommerceEvents>({
    provider: 'Paddle',
    verify: ({ body, headers }) => paddle.webhooks.unmarshal(body, secret, headers['paddle-signature'] ?? ''),
    conversions: conversionsFromPaddle,
    ours,
    keys,
    // Paddle waits 5 seconds.
    timeoutMs: 4_000,
  });
}

function conversionsFromPaddle(event: EventEntity): Conversion<CommerceEvents>[] {
  if (event.eventType !== EventName.TransactionCompleted) return [];
  const { id, origin, currencyCode: currency, details, subscriptionId, customData } = event.data;
  const value = fromMinorUnits(Number(details?.totals?.grandTotal ?? 0), currency);
  const isRenewal = origin === 'subscription_recurring';
  // Paddle also completes transactions for a new card or another plan.
  if (!isRenewal && origin !== 'web' && origin !== 'api') return [];
  // A trial.
  if (value === 0 && subscriptionId !== null) return [];
  return [
    {
      event: isRenewal ? 'subscription_renewed' : 'purchase',
      eventProperties: { order_id: id, value, currency, subscription_id: subscriptionId ?? undefined },
      distinctId: `${isRenewal ? 'renewal' : 'purchase'}:${id}`,
      // When it was paid: a renewal may be billed many days before its card works. Each delivery has the same.
      time: new Date(event.occurredAt),
      visitorToken: customData?.ours_visitor,
    },
  ];
}
