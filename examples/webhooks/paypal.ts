import { OursError } from 'ours-ingest';
import { type CommerceEvents, purchaseId } from 'ours-ingest/commerce';
import { type Conversion, createWebhook, type VisitorKey, type Webhook } from 'ours-ingest/webhooks';
import { z } from 'zod';
import type { Ours } from './ours.js';

const anyEvent = z.object({ event_type: z.string(), resource: z.unknown() });

/** The required fields of a capture or a refund. */
const payment = z.object({
  id: z.string(),
  amount: z.object({ value: z.string(), currency_code: z.string() }),
  custom_id: z.string().nullish(),
  create_time: z.string().nullish(),
  update_time: z.string().nullish(),
});

const verification = z.object({ verification_status: z.string() });

export interface PayPalOptions {
  /** `https://api-m.paypal.com`, or the sandbox's. */
  readonly baseUrl: string;
  /** The webhook's id in the developer dashboard. */
  readonly webhookId: string;
  /** An OAuth token for client credentials, kept until it expires. */
  readonly accessToken: () => Promise<string>;
  readonly ours: Ours;
  readonly keys: readonly VisitorKey[];
}

/**
 * PayPal. The order has the visitor in `purchase_units[].custom_id: await sealVisitor(visitor, keys, { maxLength: 127 })`, PayPal's
 * limit: a sealed visitor has 74 characters, and more with a consent.
 *
 * PayPal's server SDK does not verify webhooks, so its API does, as PayPal's documentation recommends. A retry may keep the original
 * time, so the time is not checked; a replayed webhook still counts once. PayPal's capture ids cannot be guessed.
 */
export function payPalWebhook({ baseUrl, webhookId, accessToken, ours, keys }: PayPalOptions): Webhook {
  return createWebhook<unknown, CommerceEvents>({
    provider: 'PayPal',
    async verify({ body, headers }) {
      const claims = JSON.stringify({
        auth_algo: headers['paypal-auth-algo'],
        cert_url: headers['paypal-cert-url'],
        transmission_id: headers['paypal-transmission-id'],
        transmission_sig: headers['paypal-transmission-sig'],
        transmission_time: headers['paypal-transmission-time'],
        webhook_id: webhookId,
      });
      const event: unknown = JSON.parse(body);
      // The raw event: serialised again, it might differ from what was signed.
      const status = await askPayPal(`${claims.slice(0, -1)},"webhook_event":${body}}`, baseUrl, accessToken);
      if (status !== 'SUCCESS') throw new Error('PayPal did not send this');
      return event;
    },
    conversions: (event) => conversionsFromPayPal(anyEvent.parse(event)),
    ours,
    keys,
  });
}

/**
 * PayPal's verification status of a signature.
 * @throws {OursError} `verification_unavailable` without a valid response: PayPal is down, or the access token expired
 */
async function askPayPal(body: string, baseUrl: string, accessToken: PayPalOptions['accessToken']): Promise<string> {
  try {
    const response = await fetch(`${baseUrl}/v1/notifications/verify-webhook-signature`, {
      method: 'POST',
      headers: { authorization: `Bearer ${await accessToken()}`, 'content-type': 'application/json' },
      body,
    });
    // PayPal's answer to headers that it cannot have sent.
    if (response.status === 400) return 'FAILURE';
    if (!response.ok) throw new Error(`PayPal answered ${response.status}`);
    return verification.parse(await response.json()).verification_status;
  } catch (cause) {
    throw new OursError('verification_unavailable', 'PayPal cannot verify a signature now', { cause });
  }
}

function conversionsFromPayPal({ event_type, resource }: z.infer<typeof anyEvent>): Conversion<CommerceEvents>[] {
  // First, because the resources of other events have another format.
  if (event_type !== 'PAYMENT.CAPTURE.COMPLETED' && event_type !== 'PAYMENT.CAPTURE.REFUNDED') return [];
  const { id, amount, custom_id: visitorToken, create_time, update_time } = payment.parse(resource);
  const money = { value: Number(amount.value), currency: amount.currency_code };
  // When it was completed: an eCheck is created days before it clears. Each delivery has the same.
  const completedAt = update_time ?? create_time;
  const time = completedAt ? new Date(completedAt) : undefined;
  if (event_type === 'PAYMENT.CAPTURE.REFUNDED') {
    const eventProperties = { refund_id: id, ...money };
    return [{ event: 'refund', eventProperties, distinctId: `refund:${id}`, time, visitorToken }];
  }
  const eventProperties = { order_id: id, ...money };
  return [{ event: 'purchase', eventProperties, distinctId: purchaseId(id), time, visitorToken }];
}
