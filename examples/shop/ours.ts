import { type Client, type ClientOptions, createClient } from 'ours-ingest';
import { type CommerceEvents, commerceEvents } from 'ours-ingest/commerce';
import { z } from 'zod';

const pageViewed = z.object({ page: z.string() });

/** Every event the shop sends. A misspelt name or a missing property is a type error, and refused at run time too. */
export type ShopEvents = CommerceEvents & { readonly page_viewed: typeof pageViewed };

export type Ours = Client<ShopEvents>;

/** The shop's one client. In production `baseUrl` is left out, and the tokens come from the environment. */
export function createOurs(
  baseUrl: string,
  options: Pick<ClientOptions, 'outbox' | 'relay' | 'flushIntervalMs'> = {},
): Ours {
  return createClient({
    token: 'test_shop',
    experimentToken: 'exp_shop',
    baseUrl,
    events: { ...commerceEvents, page_viewed: pageViewed },
    // Here one process plays shop, service and every visitor at once, perhaps on a busy machine. A real shop keeps the 400 of
    // the default: a page must not wait longer to find out which one it is.
    assignTimeoutMs: 10_000,
    ...options,
  });
}
