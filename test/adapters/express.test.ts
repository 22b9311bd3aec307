import express, { type Express, type NextFunction, type Request, type Response } from 'express';
// @ts-expect-error an alias has no types; the parts used here are the same in both
import express4 from 'express4';
import { describe, expect, it } from 'vitest';
import { currentVisitor, visitorMiddleware } from '../../src/adapters/express.js';
import type { Visitor } from '../../src/index.js';
import { rig } from '../support/client.js';
import { type AdapterSetup, describeAdapter } from './contract.js';
import { serve } from './servers.js';

const frameworks = { 'Express 5': express, 'Express 4': express4 as typeof express };

for (const [name, framework] of Object.entries(frameworks)) {
  const createApp = ({ ours, options, handle }: AdapterSetup): Express => {
    const app = framework();
    app.use(visitorMiddleware(ours, options));
    app.use(framework.json());
    app.use(async (request: Request, response: Response, next: NextFunction) => {
      try {
        response.json(await handle((request as Request & { visitor: Visitor }).visitor));
      } catch (error) {
        next(error);
      }
    });
    app.use(
      (_error: unknown, _request: Request, response: Response, _next: NextFunction) => void response.sendStatus(500),
    );
    return app;
  };

  describeAdapter(name, {
    create: (setup) => serve(createApp(setup)),
    currentVisitor,
    knowsPeer: true,
    origin: 'http://shop.example',
  });

  describe(`${name}’s own settings`, () => {
    it('determine the address, scheme and host without trustProxy', async () => {
      const { client, collector } = await rig();
      const app = createApp({ ours: client, options: {}, handle: (visitor) => visitor.track('purchase').distinctId });
      app.set('trust proxy', 1);
      const { send } = await serve(app);
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
      const handle = (visitor: Visitor) => visitor.track('purchase').distinctId;
      const { send } = await serve(createApp({ ours: client, options: {}, handle }));
      const headers = { cookie: 'ours_device_id=v', host: 'shop.example:8080', 'x-forwarded-host': 'evil.example' };
      await send('/plans', { headers });
      await client.flush();
      expect(collector.events()).toMatchObject([
        { defaultProperties: { current_url: 'http://shop.example:8080/plans' } },
      ]);
    });

    it('give the address even if the connection closes before an event is tracked', async () => {
      const { client, collector } = await rig();
      const app = framework();
      let userId: string | undefined;
      app.use(visitorMiddleware(client), (request: Request) => {
        const { visitor } = request as Request & { visitor: Visitor };
        ({ userId } = visitor);
        request.socket.destroy();
        visitor.track('purchase');
      });
      const { send } = await serve(app);
      await expect(send('/', { headers: { cookie: 'ours_device_id=v', 'user-agent': 'browser' } })).rejects.toThrow();
      await client.flush();
      expect(userId).toBe('v');
      expect(collector.events()).toMatchObject([{ identityContext: { ip: '127.0.0.1' } }]);
    });

    it('keep the full address of a mounted application', async () => {
      const { client, collector } = await rig();
      const shop = framework();
      const inner = createApp({ ours: client, options: {}, handle: (visitor) => visitor.track('purchase').distinctId });
      shop.use('/shop', inner);
      const { send } = await serve(shop);
      await send('/shop/plans?gclid=1', { headers: { cookie: 'ours_device_id=v' } });
      await client.flush();
      expect(collector.events()).toMatchObject([
        { defaultProperties: { current_url: 'http://shop.example/shop/plans?gclid=1' } },
      ]);
    });
  });
}
