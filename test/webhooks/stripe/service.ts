import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Stripe } from 'stripe';
import { onTestFinished } from 'vitest';

export const SECRET = 'whsec_test_shop';

/** A fake of Stripe's API: path with query → the answer, or an error status. */
export interface StripeService {
  /** The real client; only its address differs. */
  readonly stripe: Stripe;
  readonly answers: Map<string, object | number>;
  /** Method, path and connected account of every request. */
  readonly requests: string[];
}

export async function startStripe(): Promise<StripeService> {
  const answers = new Map<string, object | number>();
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '');
    const account = request.headers['stripe-account'];
    const context = request.headers['stripe-context'];
    const where = context === undefined ? account : `the context ${String(context)}`;
    requests.push(`${request.method} ${path}${where === undefined ? '' : ` in ${String(where)}`}`);
    const answer = answers.get(path) ?? 404;
    const isObject = typeof answer === 'object';
    response.writeHead(isObject ? 200 : answer, { 'content-type': 'application/json' });
    response.end(JSON.stringify(isObject ? answer : { error: { type: 'invalid_request_error', message: 'no' } }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const stripe = new Stripe('sk_test_shop', {
    protocol: 'http',
    host: '127.0.0.1',
    port,
    telemetry: false,
    maxNetworkRetries: 2,
  });
  return { stripe, answers, requests };
}

const signer = new Stripe('sk_test_shop');

/** An event as Stripe posts it. */
export function signed(
  event: object,
  { secret = SECRET, timestamp = Math.floor(Date.now() / 1000) }: { secret?: string; timestamp?: number } = {},
): { body: string; headers: Record<string, string> } {
  const body = JSON.stringify(event, undefined, 2);
  const signature = signer.webhooks.generateTestHeaderString({ payload: body, secret, timestamp });
  return { body, headers: { 'content-type': 'application/json; charset=utf-8', 'stripe-signature': signature } };
}
