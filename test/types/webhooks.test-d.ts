import type {
  ALBEvent,
  APIGatewayProxyEvent,
  APIGatewayProxyEventV2,
  APIGatewayProxyResult,
  APIGatewayProxyStructuredResultV2,
} from 'aws-lambda';
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
  it('fits unchanged', () => {
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

  it('fits with a catalogue of one event, of several, or without one', () => {
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
  it('may have any event, or the commerce events and its own', () => {
    expectTypeOf<Client>().toExtend<ConversionSink<CommerceEvents>>();
    const events = { ...commerceEvents, page_viewed: z.object({ page: z.string() }) };
    expectTypeOf<Client<typeof events>>().toExtend<ConversionSink<CommerceEvents>>();
  });

  it('may replace the schema of one of them', () => {
    const events = { ...commerceEvents, purchase: z.object({ order_id: z.string(), value: z.number() }) };
    expectTypeOf<Client<typeof events>>().toExtend<ConversionSink<CommerceEvents>>();
  });

  it('must include all reported events', () => {
    const { refund: _, ...events } = commerceEvents;
    expectTypeOf<Client<typeof events>>().not.toExtend<ConversionSink<CommerceEvents>>();
    expectTypeOf<Client<{ purchase: CommerceEvents['lead'] }>>().not.toExtend<ConversionSink<CommerceEvents>>();
  });

  it('has type-checked properties', () => {
    ours.track({ event: 'purchase', userId: 'v', eventProperties: { order_id: '1', value: 1, currency: 'EUR' } });
    // @ts-expect-error
    ours.track({ event: 'purchase', userId: 'v', eventProperties: { order_id: '1', value: 1 } });
    // @ts-expect-error
    ours.track({ event: 'purchase', userId: 'v' });
    ours.track({ event: 'lead', userId: 'v' });
  });
});

describe('an endpoint', () => {
  it('is a route handler in Fastify, with or without options', () => {
    const mount = (app: FastifyInstance, webhook: Webhook) => {
      app.post('/webhook', webhook.fastify);
      app.post('/webhook', { bodyLimit: 1, config: { rawBody: true } }, webhook.fastify);
    };
    expectTypeOf(mount).returns.toBeVoid();
  });

  it('takes the headers of every HTTP event of Lambda unchanged', () => {
    type Headers = Parameters<Webhook['handle']>[0]['headers'];
    expectTypeOf<APIGatewayProxyEventV2['headers']>().toExtend<Headers>();
    expectTypeOf<APIGatewayProxyEvent['headers']>().toExtend<Headers>();
    expectTypeOf<ALBEvent['headers']>().toExtend<Headers>();
    expectTypeOf<ALBEvent['multiValueHeaders']>().toExtend<Headers>();
    // @ts-expect-error
    expectTypeOf((webhook: Webhook) => webhook.handle({ body: '' })).returns.toBeObject();
  });

  it('returns what a Lambda function may return unchanged', () => {
    expectTypeOf<WebhookAnswer>().toExtend<APIGatewayProxyStructuredResultV2>();
    expectTypeOf<WebhookAnswer>().toExtend<APIGatewayProxyResult>();
  });
});
