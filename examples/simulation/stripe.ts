import { Stripe } from 'stripe';

/** The real Stripe client with a local address. */
export function createStripe(url: string): Stripe {
  const { hostname: host, port } = new URL(url);
  return new Stripe('sk_test_shop', { protocol: 'http', host, port, telemetry: false });
}
