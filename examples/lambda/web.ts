import type { APIGatewayProxyEventV2, Context } from 'aws-lambda';
import type { Visitor } from 'ours-ingest';
import { lambdaHandler } from 'ours-ingest/lambda';
import { stripeWebhook, visitorMetadata } from 'ours-ingest/stripe';
import type { ShopOptions } from '../shop/options.js';
import { order } from '../shop/order.js';
import type { ShopEvents } from '../shop/ours.js';
import { homePage, thanksPage } from '../shop/pages.js';
import { PRICES } from '../shop/prices.js';

interface Answer {
  readonly statusCode: number;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** The shop as a function behind an HTTP API, payload 2.0. Events are delivered before the answer. */
export function createWeb({ ours, stripe, webhookSecret, visitorKeys }: ShopOptions) {
  const webhook = stripeWebhook({ stripe, secret: webhookSecret, ours, keys: visitorKeys });

  async function home(visitor: Visitor<ShopEvents>): Promise<Answer> {
    visitor.track('page_viewed', { page: 'home' });
    const { variantName } = await visitor.assign('checkout_redesign');
    return page(homePage(variantName));
  }

  async function checkout(visitor: Visitor<ShopEvents>, form: Buffer): Promise<Answer> {
    const parsed = order.safeParse(Object.fromEntries(new URLSearchParams(form.toString())));
    if (!parsed.success) return { statusCode: 400 };
    const { currency } = parsed.data;
    const payment = await stripe.paymentIntents.create({
      amount: PRICES[currency],
      currency,
      payment_method: 'pm_card_visa',
      confirm: true,
      metadata: { ...(await visitorMetadata(visitor, visitorKeys)) },
    });
    return page(thanksPage(payment.id));
  }

  return lambdaHandler(
    ours,
    async (event: APIGatewayProxyEventV2 & { readonly visitor: Visitor<ShopEvents> }, _context: Context) => {
      switch (event.routeKey) {
        case 'GET /':
          return home(event.visitor);
        case 'POST /checkout':
          return checkout(event.visitor, bodyOf(event));
        case 'POST /webhooks/stripe':
          return webhook.handle({ body: bodyOf(event), headers: event.headers });
        default:
          return { statusCode: 404 };
      }
    },
  );
}

/** The raw body: API Gateway encodes it in base64 unless it considers it text. */
function bodyOf({ body = '', isBase64Encoded }: APIGatewayProxyEventV2): Buffer {
  return Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8');
}

function page(body: string): Answer {
  return { statusCode: 200, headers: { 'content-type': 'text/html; charset=utf-8' }, body };
}
