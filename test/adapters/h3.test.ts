// What docs/frameworks/h3.md and nuxt.md show.
import type { RequestListener } from 'node:http';
import {
  createApp,
  defineEventHandler,
  getRequestIP,
  getRequestURL,
  type H3Event,
  readRawBody,
  toNodeListener,
} from 'h3';
import { getRequestIP as getPeer, H3, type H3Event as H3Event2, toNodeHandler } from 'h3-2';
import { expect, it } from 'vitest';
import { currentVisitor, requestHandler } from '../../src/adapters/request.js';
import { rig } from '../support/client.js';
import { type AdapterSetup, describeAdapter } from './contract.js';
import { serve } from './servers.js';

const shared = { currentVisitor, knowsPeer: true, origin: 'http://shop.example' };

function h3App({ ours, options, handle }: AdapterSetup): H3 {
  const withVisitor = requestHandler(
    ours,
    (request, _connection: object, event: H3Event2, next: () => unknown) => {
      event.context.visitor = request.visitor;
      return next();
    },
    options,
  );
  const app = new H3({ silent: true });
  app.use((event, next) => withVisitor(event.req, { requestIP: () => ({ address: getPeer(event) }) }, event, next));
  app.all('/**', async ({ req, context }) => {
    await req.text();
    return JSON.stringify(await handle(context.visitor as never));
  });
  return app;
}

describeAdapter('Request, in a middleware of h3 2,', {
  create: (setup) => serve(toNodeHandler(h3App(setup)) as RequestListener),
  ...shared,
});

describeAdapter('Request, around a handler of h3 1, as in Nuxt,', {
  create: ({ ours, options, handle }) => {
    const withVisitor = requestHandler(
      ours,
      async (request, _connection: object, event: H3Event) => {
        if (event.method === 'POST') await readRawBody(event);
        return JSON.stringify(await handle(request.visitor));
      },
      options,
    );
    const app = createApp();
    app.use(
      defineEventHandler((event) => {
        const request = new Request(getRequestURL(event), { headers: event.headers });
        return withVisitor(request, { requestIP: () => ({ address: getRequestIP(event) }) }, event);
      }),
    );
    return serve(toNodeListener(app));
  },
  ...shared,
});

it('h3 gives events to the platform’s waitUntil', async () => {
  const { client, collector } = await rig({ flushIntervalMs: 3_600_000 });
  const handle = ({ track }: { track: (event: string) => unknown }) => void track('purchase');
  const app = h3App({ ours: client, options: {}, handle: handle as never });
  const promises: Promise<unknown>[] = [];
  const request = Object.assign(new Request('http://shop.example/', { headers: { cookie: 'ours_device_id=v' } }), {
    waitUntil: (promise: Promise<unknown>) => void promises.push(promise),
  });
  await app.fetch(request);
  await Promise.all(promises);
  expect(promises.length).toBeGreaterThan(0);
  expect(collector.events()).toMatchObject([{ userId: 'v' }]);
});
