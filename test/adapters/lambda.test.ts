import { describe, expect, it } from 'vitest';
import { currentVisitor, lambdaHandler, type WithVisitor } from '../../src/adapters/lambda.js';
import { requestHandler } from '../../src/adapters/request.js';
import type { Visitor } from '../../src/index.js';
import { arrived, rig } from '../support/client.js';
import { type AdapterSetup, type App, describeAdapter, type Sent } from './contract.js';
import { albEvent, httpApiEvent, lambdaContext, restApiEvent } from './lambda-events.js';

const HOUR_MS = 3_600_000;
const ON_LAMBDA = { platform: { env: { AWS_LAMBDA_FUNCTION_NAME: 'shop' } }, flushIntervalMs: HOUR_MS };
const buys = (visitor: Visitor, distinctId: string) => visitor.track('purchase', {}, { distinctId });

/** Lambda's runtime: an event in, an answer out. A function that throws answers 502 in Lambda, 500 here. */
function invoke<Event extends object>(toEvent: (path: string, sent?: Sent) => Event) {
  return ({ ours, options, handle }: AdapterSetup): App => {
    const handler = lambdaHandler(
      ours,
      async (event: Event & { readonly visitor: Visitor }) => {
        // The event includes the body; this stands for what a real handler awaits.
        await undefined;
        return { statusCode: 200, body: JSON.stringify(await handle(event.visitor)) };
      },
      options,
    );
    return {
      async send(path, sent) {
        const { statusCode: status, body } = await handler(toEvent(path, sent), lambdaContext()).catch(() => ({
          statusCode: 500,
          body: '',
        }));
        return { status, body };
      },
    };
  };
}

const shared = { currentVisitor, knowsPeer: true, origin: 'https://shop.example' };
describeAdapter('Lambda, payload 2.0,', { create: invoke(httpApiEvent), ...shared });
describeAdapter('Lambda, payload 1.0,', { create: invoke(restApiEvent), ...shared });
describeAdapter('Lambda, behind a load balancer,', { create: invoke((path, sent) => albEvent(path, sent)), ...shared });
describeAdapter('Lambda, behind a load balancer with several values,', {
  create: invoke((path, sent) => albEvent(path, sent, true)),
  ...shared,
});

describe('a Lambda function', () => {
  const event = () => httpApiEvent('/', { headers: { cookie: 'ours_device_id=v' } });

  it('delivers before it answers, events of the visitor and of the client', async () => {
    const { client, collector, warnings } = await rig(ON_LAMBDA);
    const handler = lambdaHandler(client, async ({ visitor }: object & WithVisitor) => {
      buys(visitor, 'a');
      client.track({ event: 'purchase', userId: 'v', distinctId: 'b' });
      return 'answer';
    });
    expect(await handler(event(), lambdaContext())).toBe('answer');
    expect(arrived(collector)).toEqual(['a', 'b']);
    expect(warnings, 'the host freezes, but events are flushed').toEqual([]);
  });

  it('delivers before it fails, too', async () => {
    const { client, collector } = await rig(ON_LAMBDA);
    const handler = lambdaHandler(client, ({ visitor }: object & WithVisitor): string => {
      buys(visitor, 'a');
      throw new TypeError('of the application');
    });
    await expect(handler(event(), lambdaContext())).rejects.toThrow('of the application');
    expect(arrived(collector)).toEqual(['a']);
  });

  it.each([
    ['the invocation has no time left', { flushTimeoutMs: 900_000 }, 251],
    ['it may not wait', { flushTimeoutMs: 0 }, 30_000],
  ])('answers and warns when %s; the next invocation delivers', async (_, options, leftMs) => {
    const { client, collector } = await rig(ON_LAMBDA);
    const told: string[] = [];
    const handler = lambdaHandler(client, async ({ visitor }: object & WithVisitor) => buys(visitor, 'a').distinctId, {
      ...options,
      logger: { warn: (message) => void told.push(message) },
    });
    collector.faults.next({ kind: 'hang' });
    expect(await handler(event(), lambdaContext(leftMs))).toBe('a');
    expect(told).toEqual([expect.stringContaining('before its events are delivered')]);
    collector.faults.clear();
  });

  it('flushes for a framework inside it, too', async () => {
    const { client, collector, warnings } = await rig(ON_LAMBDA);
    const inner = requestHandler(client, ({ visitor }) => buys(visitor, 'a').distinctId);
    const handler = lambdaHandler(client, async (it: object) => {
      expect(it).toHaveProperty('visitor');
      return inner(new Request('http://shop.example/', { headers: { cookie: 'ours_device_id=v' } }));
    });
    expect(await handler(event(), lambdaContext())).toBe('a');
    expect(arrived(collector)).toEqual(['a']);
    expect(warnings).toEqual([]);
  });

  it('answers when the flush itself fails', async () => {
    const { client } = await rig(ON_LAMBDA);
    const broken = { ...client, flush: () => Promise.reject(new Error('broken')) };
    const handler = lambdaHandler(broken, async () => 'answer', { logger: { warn: () => undefined } });
    expect(await handler(event(), lambdaContext())).toBe('answer');
  });

  it('continues if the event is not a request, or the context is missing', async () => {
    const { client } = await rig(ON_LAMBDA);
    const handler = lambdaHandler(client, async (it: unknown) => [typeof it, currentVisitor()?.userId]);
    for (const odd of [null, 'warm-up', 7, { source: 'aws.events' }, Object.freeze({ headers: null })]) {
      expect(await handler(odd, undefined as never)).toEqual([typeof odd, undefined]);
    }
  });

  it('reports an invalid timeout at set-up', async () => {
    const { client } = await rig();
    expect(() => lambdaHandler(client, async () => undefined, { flushTimeoutMs: -1 })).toThrow(/flushTimeoutMs/);
  });

  it('reports a missing handler at set-up', async () => {
    const { client } = await rig();
    expect(() => lambdaHandler(client, undefined as never)).toThrow('handler must be a function; got nothing');
  });

  it.each([undefined, {}, { getRemainingTimeInMillis: undefined }])(
    'delivers before it answers with the context %j, which does not tell the remaining time',
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
});
