import { checkOptionNames, failOption } from '../core/check-option.js';
import type { EventCatalog } from '../protocol/catalog.js';
import { createWebhook, type Webhook } from './webhook.js';
import { REPORTING_OPTIONS, type WebhookOptions } from './webhook-options.js';

/** `new Webhook(secret)` of the package `standardwebhooks`. */
export interface StandardVerifier {
  verify(body: string, headers: Record<string, string>): unknown;
}

export interface StandardWebhookOptions<Event, Catalog extends EventCatalog = EventCatalog>
  extends Omit<WebhookOptions<Event, Catalog>, 'provider' | 'verify'> {
  /** `new Webhook(secret)` of the package `standardwebhooks`. It rejects webhooks older than 300 seconds. */
  readonly verifier: StandardVerifier;
  /** The provider's name, for messages. @default 'Standard' */
  readonly provider?: string | undefined;
}

/** In addition to `verifier` and `provider`. */
const OPTIONS: ReadonlySet<string> = new Set(['conversions', ...REPORTING_OPTIONS]);

/**
 * An endpoint for providers that follow Standard Webhooks (`webhook-id`, `webhook-timestamp`, `webhook-signature`).
 *
 * @example
 * const webhook = standardWebhook({
 *   verifier: new Webhook(secret),
 *   conversions: async ({ data }: OrderEvent) => [{ event: 'purchase', distinctId: await purchaseId(data, { secret }), … }],
 *   ours,
 *   keys,
 * });
 *
 * @throws {OursError} `invalid_option`
 */
export function standardWebhook<Event, Catalog extends EventCatalog = EventCatalog>({
  verifier,
  provider = 'Standard',
  ...options
}: StandardWebhookOptions<Event, Catalog>): Webhook {
  checkOptionNames('standardWebhook', options, OPTIONS);
  if (typeof verifier?.verify !== 'function') {
    failOption("verifier must be new Webhook(secret) of the package 'standardwebhooks'.");
  }
  return createWebhook<Event, Catalog>({
    ...options,
    provider,
    verify: ({ body, headers }) => verifier.verify(body, { ...headers }) as Event,
  });
}
