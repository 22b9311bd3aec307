import { randomUUID } from 'node:crypto';
import express from 'express';
import { z } from 'zod';
import { type Listening, listen } from './listen.js';
import type { Payment } from './webhooks.js';

const creation = z.object({
  amount: z.coerce.number().int().positive(),
  currency: z.string(),
  metadata: z.record(z.string(), z.string()).default({}),
});

/** Simulates the payment provider's API for the real Stripe client. Every payment succeeds and is passed to `onPaid`. */
export async function startPayments(onPaid: (payment: Payment) => void): Promise<Listening> {
  const app = express();
  app.post('/v1/payment_intents', express.urlencoded({ extended: true }), (request, response) => {
    const created = creation.parse(request.body);
    const payment: Payment = {
      ...created,
      amount_received: created.amount,
      id: `pi_${randomUUID().replaceAll('-', '')}`,
      object: 'payment_intent',
      // Seconds, rounded down like Stripe's.
      created: Math.floor(Date.now() / 1_000),
      status: 'succeeded',
    };
    response.json(payment);
    onPaid(payment);
  });
  return listen(app);
}
