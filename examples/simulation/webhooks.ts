import { setTimeout as sleep } from 'node:timers/promises';
import { Stripe } from 'stripe';

/** The part of a payment that a shop uses. */
export type Payment = Pick<
  Stripe.PaymentIntent,
  'id' | 'object' | 'amount' | 'amount_received' | 'currency' | 'created' | 'metadata' | 'status'
>;

/** Sends payment webhooks to the shop, with the habits of a real provider. */
export interface Webhooks {
  /** Webhooks the shop answered 200. */
  readonly delivered: number;
  notify(payment: Payment): void;
  /** Sends a webhook that was changed after signing; resolves to the answer's status. */
  tamper(): Promise<number>;
  /** Resolves when all webhooks are done. */
  settled(): Promise<void>;
}

/** Used in turn, so that every run has all of them. */
const HABITS = ['once', 'twice at once', 'once', 'again later', 'late and out of order'] as const;
type Habit = (typeof HABITS)[number];

const LATE_MS = 1_500;
const MAX_ATTEMPTS = 5;
const PAUSE_MS = 200;

/** `address` is called for each webhook. */
export function createWebhooks(address: () => string, secret: string): Webhooks {
  const paid: Payment[] = [];
  const underWay = new Set<Promise<void>>();
  let delivered = 0;

  const sign = (payload: string): string => Stripe.webhooks.generateTestHeaderString({ payload, secret });

  async function post(body: string, signature: string): Promise<number> {
    const headers = { 'content-type': 'application/json', 'stripe-signature': signature };
    return (await fetch(address(), { method: 'POST', headers, body })).status;
  }

  /** Retries until the answer is 200, as the real one does for three days. */
  async function deliver(webhook: string): Promise<void> {
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
      const status = await post(webhook, sign(webhook)).catch(() => undefined);
      if (status === 200) {
        delivered += 1;
        return;
      }
      await sleep(PAUSE_MS * attempt);
    }
  }

  async function deliverBy(habit: Habit, webhook: string): Promise<void> {
    switch (habit) {
      case 'once':
        return deliver(webhook);
      case 'twice at once':
        await Promise.all([deliver(webhook), deliver(webhook)]);
        return;
      case 'again later':
        await deliver(webhook);
        await sleep(PAUSE_MS);
        return deliver(webhook);
      case 'late and out of order':
        // Later payments are reported before this one.
        await sleep(LATE_MS);
        return deliver(webhook);
    }
  }

  return {
    get delivered() {
      return delivered;
    },
    notify(payment) {
      const habit = HABITS[paid.length % HABITS.length] ?? 'once';
      paid.push(payment);
      const delivering = deliverBy(habit, webhookOf(payment)).finally(() => underWay.delete(delivering));
      underWay.add(delivering);
    },
    tamper() {
      const genuine = paid[0];
      if (genuine === undefined) throw new Error('There is no payment to tamper with.');
      const forged = { ...genuine, id: 'pi_forged', amount_received: 9_999_999 };
      return post(webhookOf(forged), sign(webhookOf(genuine)));
    },
    async settled() {
      await Promise.all(underWay);
    },
  };
}

function webhookOf(payment: Payment): string {
  return JSON.stringify({
    id: payment.id.replace(/^pi_/, 'evt_'),
    object: 'event',
    type: 'payment_intent.succeeded',
    created: payment.created,
    data: { object: payment },
  });
}
