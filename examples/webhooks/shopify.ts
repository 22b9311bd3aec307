import type { Shopify } from '@shopify/shopify-api';
import { type CommerceEvents, purchaseId } from 'ours-ingest/commerce';
import { type Conversion, createWebhook, type VisitorKey, type Webhook } from 'ours-ingest/webhooks';
import { z } from 'zod';
import type { Ours } from './ours.js';

/** The required fields of the topic `orders/paid`. Other apps add attributes in any format; only ours is parsed. */
const orderPaid = z.object({
  id: z.number(),
  total_price: z.string(),
  currency: z.string(),
  processed_at: z.string(),
  updated_at: z.string().nullish(),
  test: z.boolean().nullish(),
  note_attributes: z.array(z.object({ name: z.unknown().optional(), value: z.unknown().optional() })).nullish(),
});

export interface ShopifyOptions {
  /** `shopifyApi({ … })`: its `apiSecretKey` signs the webhooks. */
  readonly shopify: Pick<Shopify, 'config'>;
  readonly ours: Ours;
  readonly keys: readonly VisitorKey[];
}

/**
 * Shopify, topic `orders/paid`. The cart has the visitor in the attribute `ours_visitor`, which becomes one of the order's
 * `note_attributes`. Shopify does not sign a time, so a replayed webhook cannot be rejected, but it counts only once. Test orders are
 * reported only by a client with a test token.
 *
 * Order ids can be guessed, so the purchase's `distinctId` is hashed with the last of `keys`: a new key is added first and does not
 * change ids. If a page reports the purchase too, send it the finished id.
 */
export function shopifyWebhook({ shopify, ours, keys }: ShopifyOptions): Webhook {
  return createWebhook<unknown, CommerceEvents>({
    provider: 'Shopify',
    async verify({ body, bytes, headers }) {
      const isSigned = await isSignedBy(shopify.config.apiSecretKey, headers['x-shopify-hmac-sha256'] ?? '', bytes);
      if (!isSigned) throw new Error('Shopify did not send this');
      return headers['x-shopify-topic'] === 'orders/paid' ? JSON.parse(body) : undefined;
    },
    async conversions(event) {
      if (event === undefined) return [];
      const order = orderPaid.parse(event);
      return order.test && !ours.isTest ? [] : [await purchase(order, keys)];
    },
    ours,
    keys,
    // Shopify waits 5 seconds.
    timeoutMs: 4_000,
  });
}

/** The signature covers the bytes of the body; `crypto.subtle.verify` compares in constant time, on every runtime. */
async function isSignedBy(secret: string, signature: string, bytes: Uint8Array): Promise<boolean> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', new TextEncoder().encode(secret), algorithm, false, ['verify']);
  return crypto.subtle.verify('HMAC', key, Buffer.from(signature, 'base64'), new Uint8Array(bytes));
}

async function purchase(
  { id, total_price, currency, processed_at, updated_at, note_attributes }: z.infer<typeof orderPaid>,
  keys: readonly VisitorKey[],
): Promise<Conversion<CommerceEvents>> {
  const token = note_attributes?.find(({ name }) => name === 'ours_visitor')?.value;
  return {
    event: 'purchase',
    eventProperties: { order_id: String(id), value: Number(total_price), currency },
    distinctId: await purchaseId(String(id), { secret: keys.at(-1)!, provider: 'shopify' }),
    // The payment updated the order. It was processed when the checkout ended, which a bank transfer may follow by weeks.
    time: new Date(updated_at ?? processed_at),
    visitorToken: typeof token === 'string' ? token : undefined,
  };
}
