import { NextRequest, NextResponse } from 'next/server.js';
import { describe, expect, it, onTestFinished } from 'vitest';
import { currentVisitor, nextVisitors, type WithVisitor } from '../../src/adapters/next.js';
import { type Client, isOursError } from '../../src/index.js';
import { arrived, rig } from '../support/client.js';
import { type AdapterSetup, type App, describeAdapter, type Sent } from './contract.js';

const HOUR_MS = 3_600_000;
const outside = () => Promise.reject(new Error('headers() was called outside a request'));

/** As Next.js passes requests to handlers: the address is the server's own, the public one is in `Host`. */
function nextRequest(path: string, { method = 'GET', headers = {}, body }: Sent = {}): NextRequest {
  return new NextRequest(`http://localhost:3000${path}`, {
    method,
    headers: { host: 'shop.example', ...headers },
    ...(body !== undefined && { body }),
  });
}

function createApp({ ours, options, handle }: AdapterSetup): App {
  const { requestHandler } = nextVisitors(ours, { headers: outside, after: () => undefined }, options);
  const route = requestHandler(async (request: NextRequest & WithVisitor) => {
    await request.text();
    return Response.json(await handle(request.visitor));
  });
  return {
    async send(path, sent) {
      const response = await route(nextRequest(path, sent)).catch(() => new Response(null, { status: 500 }));
      return { status: response.status, body: await response.text() };
    },
  };
}

describeAdapter('Next.js', { create: createApp, currentVisitor, knowsPeer: false, origin: 'http://shop.example' });

describe('in Next.js', () => {
  async function world() {
    const { client, collector } = await rig({ flushIntervalMs: HOUR_MS });
    const tasks: Promise<unknown>[] = [];
    const headers = new Headers({ cookie: 'ours_device_id=v; ours_sid=sid_1732398000000' });
    const next = { headers: async () => headers, after: (task: Promise<unknown>) => void tasks.push(task) };
    return { collector, tasks, ...nextVisitors(client, next, { now: () => 1_732_398_060_000 }) };
  }

  it('a component or an action has its visitor, and after() keeps the function alive until events are delivered', async () => {
    const { collector, tasks, visitor } = await world();
    const who = await visitor();
    expect([who.userId, who.sessionId]).toEqual(['v', '1732398000000']);
    expect(tasks).toHaveLength(0);
    who.track('purchase', {}, { distinctId: 'a' });
    expect(tasks).toHaveLength(1);
    await Promise.all(tasks);
    expect(arrived(collector)).toEqual(['a']);
  });

  it('an action reports the page that calls it; a component does not know its page, and never reports the previous one', async () => {
    const { client, collector } = await rig();
    const asked = { cookie: 'ours_device_id=v', referer: 'http://shop.example/plans', 'sec-fetch-dest': 'empty' };
    for (const headers of [new Headers({ ...asked, 'next-action': 'a1' }), new Headers(asked)]) {
      const { visitor } = nextVisitors(client, { headers: async () => headers, after: () => undefined });
      (await visitor()).track('purchase');
    }
    await client.flush();
    const pages = collector.events().map(({ defaultProperties }) => defaultProperties);
    expect(pages).toMatchObject([{ current_url: asked.referer }, { referrer: 'http://shop.example/' }]);
    expect(pages[1]).not.toHaveProperty('current_url');
  });

  it('a route handler and the proxy pass events to after()', async () => {
    const { collector, tasks, requestHandler } = await world();
    const proxy = requestHandler((request: NextRequest & WithVisitor, event: { sourcePage: string }) => {
      request.visitor.track('purchase', {}, { distinctId: event.sourcePage });
      return NextResponse.next();
    });
    expect(proxy(nextRequest('/', { headers: { cookie: 'ours_device_id=v' } }), { sourcePage: '/proxy' }).status).toBe(
      200,
    );
    expect(tasks).toHaveLength(1);
    await Promise.all(tasks);
    expect(arrived(collector)).toEqual(['/proxy']);
  });

  it('an invalid handler is reported when it is wrapped', async () => {
    const { requestHandler } = await world();
    expect(() => requestHandler(undefined as never)).toThrow('handler must be a function; got nothing');
  });

  it('what Next.js throws to stop a prerender reaches Next.js', async () => {
    const { client } = await rig();
    const { visitor } = nextVisitors(client, { headers: outside, after: () => undefined });
    await expect(visitor()).rejects.toThrow('outside a request');

    const prerendered = new Proxy(nextRequest('/'), {
      get(request, name) {
        if (name === 'headers') throw new Error('dynamic');
        return Reflect.get(request, name, request);
      },
    });
    const { requestHandler } = nextVisitors(client, { headers: outside, after: () => undefined });
    const route = requestHandler((request: NextRequest & WithVisitor) => request.visitor.userId);
    expect(() => route(prerendered)).toThrow('dynamic');
  });

  it('an after() that throws loses neither the event nor the answer', async () => {
    const { client, collector, warnings } = await rig();
    const after = () => {
      throw new Error('after() was called outside a request');
    };
    const { visitor } = nextVisitors(client, {
      headers: async () => new Headers({ cookie: 'ours_device_id=v' }),
      after,
    });
    (await visitor()).track('purchase', {}, { distinctId: 'a' });
    await client.flush();
    expect(arrived(collector)).toEqual(['a']);
    expect(warnings).toEqual([expect.stringContaining('waitUntil threw')]);
  });

  it('a client without an adapter finds the context that the host gives Next.js for after()', async () => {
    const { client, collector } = await rig({ flushIntervalMs: HOUR_MS });
    const promises: Promise<unknown>[] = [];
    const globals = globalThis as { [context: symbol]: object };
    const context = Symbol.for('@next/request-context');
    globals[context] = { get: () => ({ waitUntil: (promise: Promise<unknown>) => void promises.push(promise) }) };
    onTestFinished(() => void delete globals[context]);
    client.track({ event: 'purchase', userId: 'v', distinctId: 'a' });
    expect(promises).toHaveLength(1);
    await Promise.all(promises);
    expect(arrived(collector)).toEqual(['a']);
  });

  it.each(['headers', 'after'])('%s must be passed in', async (missing) => {
    const { client } = await rig();
    const next = { headers: outside, after: () => undefined, [missing]: undefined };
    const setUp = (ours: Client) => nextVisitors(ours, next as never);
    expect(() => setUp(client)).toThrow(
      expect.toSatisfy((error) => isOursError(error) && error.message.includes(missing)),
    );
  });
});
