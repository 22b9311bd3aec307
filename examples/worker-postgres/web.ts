import express, { type Express } from 'express';
import { visitorMiddleware } from 'ours-ingest/express';
import type { Pool } from 'pg';
import { order } from '../shop/order.js';
import type { Ours } from '../shop/ours.js';
import { homePage, thanksPage } from '../shop/pages.js';
import { placeOrder } from './place-order.js';

export interface WebOptions {
  /** With the outbox in the database of `pool` and `relay: false`: this process only appends. */
  readonly ours: Ours;
  readonly pool: Pool;
}

/** The shop's web process. The relay delivers its events, even after an outage of the service. */
export function createWeb({ ours, pool }: WebOptions): Express {
  const app = express();
  app.use(visitorMiddleware(ours));

  app.get('/', async ({ visitor }, response) => {
    visitor.track('page_viewed', { page: 'home' });
    const { variantName } = await visitor.assign('checkout_redesign');
    response.send(homePage(variantName));
  });

  app.post('/checkout', express.urlencoded(), async (request, response) => {
    const parsed = order.safeParse(request.body);
    if (!parsed.success) {
      response.sendStatus(400);
      return;
    }
    const id = await placeOrder(pool, ours, request.visitor, parsed.data.currency);
    if (id === undefined) response.sendStatus(409);
    else response.send(thanksPage(id));
  });

  return app;
}
