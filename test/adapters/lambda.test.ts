import { describe, expect, it } from 'vitest';
import { currentVisitor, lambdaHandler, type WithVisitor } from '../../src/adapters/lambda.js';
import { lambdaFacts } from '../../src/adapters/lambda-event.js';
import { requestHandler } from '../../src/adapters/request.js';
import type { Visitor } from '../../src/index.js';
import { arrived, rig } from '../support/client.js';
import { type AdapterSetup, type App, describeAdapter, type Sent } from './contract.js';
import { albEvent, httpApiEvent, lambdaContext, restApiEvent } from './lambda-events.js';

const HOUR_MS = 3_600_000;
const ON_LAMBDA = { platform: { env: { AWS_LAMBDA_FUNCTION_NAME: 'shop' } }, flushIntervalMs: HOUR_MS };
const buys = (visitor: Visitor, distinctId: string) => visitor.track('purchase', {}, { distinctId });

/** Lambda's runtime: an event in, an answer out; a function that throws is a 502 to the world, here a 500. */
function invoke<Event extends object>(toEvent: (path: string, sent?: Sent) => Event) {
  return ({ ours, options, handle }: AdapterSetup): App => {
    const handler = lambdaHandler(
      ours,
      async (event: Event & { readonly visitor: Visitor }) => {
        // The body is there already; what is awaited in real handlers is a database.
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

describe('an event that stands for a request', () => {
  const sent = { headers: { cookie: 'ours_device_id=v' } };

  it('is read though values of it are null', () => {
    const odd = {
      ...restApiEvent('/plans', sent),
      queryStringParameters: { a: null },
      multiValueQueryStringParameters: { a: null, b: [null], ours_user_id: ['p'] },
    };
    odd.headers.Referer = null as never;
    odd.multiValueHeaders!.Referer = null as never;
    const facts = lambdaFacts(odd);
    expect(facts.url).toBe('https://shop.example/plans?a=&b=&ours_user_id=p');
    expect(facts.header('referer')).toBeUndefined();
    expect(facts.header('cookie')).toBe('ours_device_id=v');
    expect(lambdaFacts({ ...odd, multiValueQueryStringParameters: null }).url).toBe('https://shop.example/plans?a=');
  });

  it('of a load balancer keeps what is encoded, the scheme, and whom the balancer has seen', () => {
    const path = '/plans?a%26b=c%3Dd&e=f%20g';
    for (const multi of [false, true]) {
      const headers = { ...sent.headers, 'x-forwarded-proto': 'http', 'x-forwarded-for': '9.9.9.9' };
      const facts = lambdaFacts(albEvent(path, { headers }, multi));
      expect(facts.url).toBe(`http://shop.example${path}`);
      expect(facts.peerIp?.()).toBe('127.0.0.1');
      expect(facts.header('x-forwarded-for')).toBe('9.9.9.9');
    }
  });
});

describe('a Lambda function', () => {
  const event = () => httpApiEvent('/', { headers: { cookie: 'ours_device_id=v' } });

  it('has delivered what was tracked before it answers, by the visitor and by the client', async () => {
    const { client, collector, warnings } = await rig(ON_LAMBDA);
    const handler = lambdaHandler(client, async ({ visitor }: object & WithVisitor) => {
      buys(visitor, 'a');
      client.track({ event: 'purchase', userId: 'v', distinctId: 'b' });
      return 'answer';
    });
    expect(await handler(event(), lambdaContext())).toBe('answer');
    expect(arrived(collector)).toEqual(['a', 'b']);
    expect(warnings, 'the host freezes, but nobody need be warned').toEqual([]);
  });

  it('has delivered before it fails, too', async () => {
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
  ])('answers all the same when %s, and says so; the next invocation delivers', async (_, options, leftMs) => {
    const { client, collector } = await rig(ON_LAMBDA);
    const told: string[] = [];
    const handler = lambdaHandler(client, async ({ visitor }: object & WithVisitor) => buys(visitor, 'a').distinctId, {
      ...options,
      logger: { warn: (message) => void told.push(message) },
    });
    collector.faults.next({ kind: 'hang' });
    expect(await handler(event(), lambdaContext(leftMs))).toBe('a');
    expect(told).toEqual([expect.stringContaining('before its events are out')]);
    collector.faults.clear();
  });

  it('flushes for a framework inside of it, too', async () => {
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

  it('goes on where the event is no request, or the context is none', async () => {
    const { client } = await rig(ON_LAMBDA);
    const handler = lambdaHandler(client, async (it: unknown) => [typeof it, currentVisitor()?.userId]);
    for (const odd of [null, 'warm-up', 7, { source: 'aws.events' }, Object.freeze({ headers: null })]) {
      expect(await handler(odd, undefined as never)).toEqual([typeof odd, undefined]);
    }
  });

  it('says at set-up that its timeout cannot be one', async () => {
    const { client } = await rig();
    expect(() => lambdaHandler(client, async () => undefined, { flushTimeoutMs: -1 })).toThrow(/flushTimeoutMs/);
  });

  it('says at set-up that it was given no handler', async () => {
    const { client } = await rig();
    expect(() => lambdaHandler(client, undefined as never)).toThrow('handler must be a function; got nothing');
  });
});
