import type { APIGatewayProxyResult, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { FastifyInstance } from 'fastify';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { describe, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { type CommerceEvents, commerceEvents } from '../../src/commerce/index.js';
import { type Client, createClient } from '../../src/index.js';
import {
  type ConversionSink,
  type StandardVerifier,
  standardWebhook,
  type Webhook,
  type WebhookAnswer,
} from '../../src/webhooks/index.js';

const ours = createClient({ token: 'test_token', events: commerceEvents });
const keys = ['k'];

describe('the package standardwebhooks', () => {
  it('fits as it is', () => {
    expectTypeOf<StandardWebhook>().toExtend<StandardVerifier>();
    standardWebhook({
      verifier: new StandardWebhook('c2VjcmV0'),
      conversions: (event: { readonly id: string }) => [
        {
          event: 'purchase',
          eventProperties: { order_id: event.id, value: 1, currency: 'EUR' },
          distinctId: `purchase:${event.id}`,
        },
      ],
      ours,
      keys,
    });
  });

  it('fits with a catalogue of one event, of several, or none', () => {
    const order_id = z.object({ order_id: z.string() });
    const webhook = {
      verifier: new StandardWebhook('c2VjcmV0'),
      keys,
      conversions: (event: { readonly id: string }) => [
        { event: 'purchase' as const, eventProperties: { order_id: event.id }, distinctId: `purchase:${event.id}` },
      ],
    };
    standardWebhook({ ...webhook, ours: createClient({ events: { purchase: order_id } }) });
    standardWebhook({ ...webhook, ours: createClient({ events: { purchase: order_id, lead: order_id } }) });
    standardWebhook({ ...webhook, ours: createClient() });
    // @ts-expect-error
    standardWebhook({ ...webhook, ours: createClient({ events: { lead: order_id } }) });
  });

  it('cannot report without a distinctId', () => {
    standardWebhook({
      verifier: new StandardWebhook('c2VjcmV0'),
      // @ts-expect-error
      conversions: () => [{ event: 'lead' }],
      ours,
      keys,
    });
  });
});

describe('a client for webhooks', () => {
  it('may know any event, or those of commerce and its own', () => {
    expectTypeOf<Client>().toExtend<ConversionSink<CommerceEvents>>();
    const events = { ...commerceEvents, page_viewed: z.object({ page: z.string() }) };
    expectTypeOf<Client<typeof events>>().toExtend<ConversionSink<CommerceEvents>>();
  });

  it('may have a schema of its own for one of them', () => {
    const events = { ...commerceEvents, purchase: z.object({ order_id: z.string(), value: z.number() }) };
    expectTypeOf<Client<typeof events>>().toExtend<ConversionSink<CommerceEvents>>();
  });

  it('must know all that is reported', () => {
    const { refund: _, ...events } = commerceEvents;
    expectTypeOf<Client<typeof events>>().not.toExtend<ConversionSink<CommerceEvents>>();
    expectTypeOf<Client<{ purchase: CommerceEvents['lead'] }>>().not.toExtend<ConversionSink<CommerceEvents>>();
  });

  it('is told by the compiler which properties an event has', () => {
    ours.track({ event: 'purchase', userId: 'v', eventProperties: { order_id: '1', value: 1, currency: 'EUR' } });
    // @ts-expect-error
    ours.track({ event: 'purchase', userId: 'v', eventProperties: { order_id: '1', value: 1 } });
    // @ts-expect-error
    ours.track({ event: 'purchase', userId: 'v' });
    ours.track({ event: 'lead', userId: 'v' });
  });
});

describe('an endpoint', () => {
  it('is a route’s handler in Fastify, with options or without', () => {
    const mount = (app: FastifyInstance, webhook: Webhook) => {
      app.post('/webhook', webhook.fastify);
      app.post('/webhook', { bodyLimit: 1, config: { rawBody: true } }, webhook.fastify);
    };
    expectTypeOf(mount).returns.toBeVoid();
  });

  it('answers what a Lambda function may return as it is', () => {
    expectTypeOf<WebhookAnswer>().toExtend<APIGatewayProxyStructuredResultV2>();
    expectTypeOf<WebhookAnswer>().toExtend<APIGatewayProxyResult>();
  });
});
