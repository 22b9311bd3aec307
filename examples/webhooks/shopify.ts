import type { Shopify } from '@shopify/shopify-api';
import { type CommerceEvents, purchaseId } from 'ours-ingest/commerce';
import { type Conversion, createWebhook, type VisitorKey, type Webhook } from 'ours-ingest/webhooks';
import { z } from 'zod';
import type { Ours } from './ours.js';

/** As much of the topic `orders/paid` as is needed. */
const orderPaid = z.object({
  id: z.number(),
  total_price: z.string(),
  currency: z.string(),
  processed_at: z.string(),
  note_attributes: z.array(z.object({ name: z.string(), value: z.string() })).default([]),
});

export interface ShopifyOptions {
  /** `shopifyApi({ … })`, after `import '@shopify/shopify-api/adapters/web-api'`. */
  readonly shopify: Pick<Shopify, 'webhooks'>;
  readonly ours: Ours;
  readonly keys: readonly VisitorKey[];
}

/**
 * Shopify, topic `orders/paid`. The cart carries the visitor as an attribute, `ours_visitor`, which becomes one of the order's
 * `note_attributes`. Shopify signs no time: a replayed webhook cannot be refused, but it counts once all the same.
 */
export function shopifyWebhook({ shopify, ours, keys }: ShopifyOptions): Webhook {
  return createWebhook<unknown, CommerceEvents>({
    provider: 'Shopify',
    async verify({ body, headers }) {
      const rawRequest = new Request('https://shop.example/webhook', { method: 'POST', headers });
      const result = await shopify.webhooks.validate({ rawBody: body, rawRequest });
      if (!result.valid) throw new Error(result.reason);
      return headers['x-shopify-topic'] === 'orders/paid' ? JSON.parse(body) : undefined;
    },
    conversions: (order) => (order === undefined ? [] : [purchase(orderPaid.parse(order))]),
    ours,
    keys,
    // Shopify waits 5 seconds.
    timeoutMs: 4_000,
  });
}

function purchase({
  id,
  total_price,
  currency,
  processed_at,
  note_attributes,
}: z.infer<typeof orderPaid>): Conversion<CommerceEvents> {
  return {
    event: 'purchase',
    eventProperties: { order_id: String(id), value: Number(total_price), currency },
    distinctId: purchaseId(String(id)),
    time: new Date(processed_at),
    visitorToken: note_attributes.find(({ name }) => name === 'ours_visitor')?.value,
  };
}
