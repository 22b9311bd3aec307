// What the code blocks of the documents take as given, in place of a whole application around each.

declare const token: string;
declare const experimentToken: string;
declare const testToken: string;
declare const secret: string;
declare const keys: readonly string[];
declare const userId: string;
declare const sessionId: string;
declare const eventProperties: { readonly value: number; readonly currency: string };
declare const order: { readonly id: string };
declare const payment: { readonly id: string };
declare const amount: number;
declare const currency: string;
declare const success_url: string;
declare const line_items: import('stripe').Stripe.Checkout.SessionCreateParams.LineItem[];

declare const ours: import('ours-ingest').Client;
declare const visitor: import('ours-ingest').Visitor;
declare const stripe: import('stripe').Stripe;
declare const express: typeof import('express');
declare const app: import('express').Express;
declare const response: import('express').Response;
declare const createMyOutbox: (options: { readonly now: () => number }) => import('ours-ingest').Outbox;
/** A cache of the application's own. */
declare const cache: {
  add(key: string, value: string, options: { ttlMs: number }): Promise<boolean>;
  set(key: string, value: string, options: { ttlMs: number }): Promise<void>;
  deletePrefix(prefix: string, options: { dryRun: boolean }): Promise<number>;
  get(key: string): Promise<string | undefined>;
};
