import { Stripe } from 'stripe';

/** The real client of Stripe; only its address differs. */
export function createStripe(url: string): Stripe {
  const { hostname: host, port } = new URL(url);
  return new Stripe('sk_test_shop', { protocol: 'http', host, port, telemetry: false });
}
