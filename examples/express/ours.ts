import { z } from 'zod';
import { type Client, createClient } from './packages.js';

/** Every event the shop sends. A misspelt name or a missing property is a type error, and refused at run time too. */
const events = {
  page_viewed: z.object({ page: z.string() }),
  purchase: z.object({
    order_id: z.string(),
    value: z.number().nonnegative(),
    currency: z.string().regex(/^[A-Z]{3}$/),
  }),
};

export type Ours = Client<typeof events>;

/** The shop's one client. In production `baseUrl` is left out, and the tokens come from the environment. */
export function createOurs(baseUrl: string): Ours {
  return createClient({
    token: 'test_shop',
    experimentToken: 'exp_shop',
    baseUrl,
    events,
    // Here one process plays shop, service and every visitor at once, perhaps on a busy machine. A real shop keeps the 400 of
    // the default: a page must not wait longer to find out which one it is.
    assignTimeoutMs: 10_000,
  });
}
