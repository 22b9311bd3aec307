import { expect, it } from 'vitest';
import { lambdaHandler, type WithVisitor } from '../../src/adapters/lambda.js';
import { lambdaFacts } from '../../src/adapters/lambda-event.js';
import { arrived, rig } from '../support/client.js';
import { httpApiEvent, restApiEvent } from './lambda-events.js';

it('reads the address of a REST API with its stage, as the browser used it', () => {
  const event = restApiEvent('/plans?a=1');
  const { requestContext } = event;
  expect(lambdaFacts({ ...event, requestContext: { ...requestContext, path: '/prod/plans' } }).url).toBe(
    'https://shop.example/prod/plans?a=1',
  );
  // Some test tools leave it out.
  expect(lambdaFacts({ ...event, requestContext: { ...requestContext, path: undefined } }).url).toBe(
    'https://shop.example/plans?a=1',
  );
});

it('reads an event that was made by hand, without a requestContext', () => {
  const event = { path: '/plans', headers: { host: 'shop.example' }, queryStringParameters: { a: '1 2' } };
  expect(lambdaFacts(event).url).toBe('https://shop.example/plans?a=1+2');
});

it.each([undefined, {}, { getRemainingTimeInMillis: undefined }])(
  'delivers before it answers with the context %j, which does not say how much time is left',
  async (context) => {
    const { client, collector } = await rig({ flushIntervalMs: 3_600_000 });
    const told: string[] = [];
    const handler = lambdaHandler(
      client,
      async ({ visitor }: object & WithVisitor) => visitor.track('purchase', {}, { distinctId: 'a' }).distinctId,
      { logger: { warn: (message) => void told.push(message) }, flushTimeoutMs: 30_000 },
    );
    const event = httpApiEvent('/', { headers: { cookie: 'ours_device_id=v' } });
    expect(await handler(event, context as never)).toBe('a');
    expect([arrived(collector), told]).toEqual([['a'], []]);
  },
);
