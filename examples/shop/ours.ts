import { type Client, type ClientOptions, createClient } from 'ours-ingest';
import { type CommerceEvents, commerceEvents } from 'ours-ingest/commerce';
import { z } from 'zod';

const pageViewed = z.object({ page: z.string() });

/** All events of the shop. A misspelt name or a missing property is a type error, and rejected at run time too. */
export type ShopEvents = CommerceEvents & { readonly page_viewed: typeof pageViewed };

export type Ours = Client<ShopEvents>;

/** The shop's client. In production, omit `baseUrl` and set the tokens in the environment. */
export function createOurs(
  baseUrl: string,
  options: Pick<ClientOptions, 'outbox' | 'relay' | 'flushIntervalMs'> = {},
): Ours {
  return createClient({
    token: 'test_shop',
    experimentToken: 'exp_shop',
    baseUrl,
    events: { ...commerceEvents, page_viewed: pageViewed },
    // Here one process is shop, service and all visitors, perhaps on a busy machine. A real shop keeps the default of 400: a page
    // must not wait longer for its variant.
    assignTimeoutMs: 10_000,
    ...options,
  });
}
