import type { ExecutionContext } from 'hono';
import { createOurs } from '../shop/ours.js';
import { createStripe } from '../simulation/stripe.js';
import { createShop } from './shop.js';

/** Variables and secrets of the Worker. */
export interface Env {
  readonly OURS_BASE_URL: string;
  readonly STRIPE_URL: string;
  readonly STRIPE_WEBHOOK_SECRET: string;
  readonly VISITOR_KEY: string;
}

// Created by the first request of an isolate for all of them: on Workers the secrets come with a request.
let shop: ReturnType<typeof createShop> | undefined;

/** The Worker's entry. */
export default {
  fetch(request: Request, env: Env, context: ExecutionContext): Response | Promise<Response> {
    shop ??= createShop({
      ours: createOurs(env.OURS_BASE_URL),
      stripe: createStripe(env.STRIPE_URL),
      webhookSecret: env.STRIPE_WEBHOOK_SECRET,
      visitorKeys: [env.VISITOR_KEY],
    });
    return shop.fetch(request, env, context);
  },
};
