import Koa from 'koa';
// @ts-expect-error an alias has no types; the parts used here are the same in both
import Koa2 from 'koa2';
import { describe, expect, it } from 'vitest';
import { currentVisitor, visitorMiddleware } from '../../src/adapters/koa.js';
import type { Visitor } from '../../src/index.js';
import { rig } from '../support/client.js';
import { type AdapterSetup, describeAdapter } from './contract.js';
import { serve } from './servers.js';

type State = { visitor: Visitor };

const versions = { 'Koa 3': Koa, 'Koa 2': Koa2 as typeof Koa };

function createApp(
  { ours, options, handle }: AdapterSetup,
  settings: { proxy?: boolean; maxIpsCount?: number } = {},
  Version = Koa,
) {
  const app = new Version<State>(settings);
  app.silent = true;
  app.use(visitorMiddleware(ours, options));
  app.use(async (ctx) => {
    // Reads the body, as a body parser does.
    for await (const _ of ctx.req);
    ctx.body = JSON.stringify(await handle(ctx.state.visitor));
  });
  return app;
}

for (const [name, Version] of Object.entries(versions)) {
  describeAdapter(name, {
    create: (setup) => serve(createApp(setup, {}, Version).callback()),
    currentVisitor,
    knowsPeer: true,
    origin: 'http://shop.example',
  });
}

describe('Koa’s own settings', () => {
  const buys = (visitor: Visitor) => visitor.track('purchase').distinctId;

  it('determine the address, scheme and host without trustProxy', async () => {
    const { client, collector } = await rig();
    const app = createApp({ ours: client, options: {}, handle: buys }, { proxy: true, maxIpsCount: 1 });
    const { send } = await serve(app.callback());
    await send('/plans', {
      headers: {
        cookie: 'ours_device_id=v',
        host: 'upstream:3000',
        'user-agent': 'browser',
        'x-forwarded-for': '9.9.9.9, 203.0.113.7',
        'x-forwarded-host': 'shop.example',
        'x-forwarded-proto': 'https',
      },
    });
    await client.flush();
    expect(collector.events()).toMatchObject([
      {
        identityContext: { ip: '203.0.113.7', userAgent: 'browser' },
        defaultProperties: { current_url: 'https://shop.example/plans' },
      },
    ]);
  });

  it('do not trust a forged host, and keep the port', async () => {
    const { client, collector } = await rig();
    const { send } = await serve(createApp({ ours: client, options: {}, handle: buys }).callback());
    const headers = { cookie: 'ours_device_id=v', host: 'shop.example:8080', 'x-forwarded-host': 'evil.example' };
    await send('/plans', { headers });
    await client.flush();
    expect(collector.events()).toMatchObject([
      { defaultProperties: { current_url: 'http://shop.example:8080/plans' } },
    ]);
  });

  it('give the address even if the connection closes before an event is tracked', async () => {
    const { client, collector } = await rig();
    const app = new Koa<State>();
    let userId: string | undefined;
    app.use(visitorMiddleware(client));
    app.use(({ req, state: { visitor } }) => {
      ({ userId } = visitor);
      req.socket.destroy();
      visitor.track('purchase');
    });
    const { send } = await serve(app.callback());
    await expect(send('/', { headers: { cookie: 'ours_device_id=v', 'user-agent': 'browser' } })).rejects.toThrow();
    await client.flush();
    expect(userId).toBe('v');
    expect(collector.events()).toMatchObject([{ identityContext: { ip: '127.0.0.1' } }]);
  });

  it('keep the visitor for middleware that continues after the response is built', async () => {
    const { client } = await rig();
    const app = new Koa<State>();
    const seen: (string | undefined)[] = [];
    app.use(visitorMiddleware(client));
    app.use(async (ctx, next) => {
      await next();
      seen.push(currentVisitor()?.userId, ctx.state.visitor.userId);
    });
    app.use((ctx) => {
      ctx.status = 204;
    });
    const { send } = await serve(app.callback());
    expect(await send('/', { headers: { cookie: 'ours_device_id=v' } })).toMatchObject({ status: 204 });
    expect(seen).toEqual(['v', 'v']);
  });
});
