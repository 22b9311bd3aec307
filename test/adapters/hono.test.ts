import type { Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import { getConnInfo } from '@hono/node-server/conninfo';
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { currentVisitor, visitorMiddleware } from '../../src/adapters/hono.js';
import type { Visitor } from '../../src/index.js';
import { rig } from '../support/client.js';
import { type AdapterSetup, type AnyOptions, type App, describeAdapter } from './contract.js';
import { MAX_HEADER_BYTES, reach } from './servers.js';

const HOUR_MS = 3_600_000;

function createApp({ ours, options, handle }: AdapterSetup) {
  const app = new Hono<{
    Variables: { visitor: Visitor };
    Bindings: { incoming?: { socket: { remoteAddress?: string } } };
  }>();
  app.use(visitorMiddleware(ours, options));
  app.onError((_error, c) => c.text('', 500));
  app.all('*', async (c) => {
    await c.req.text();
    return c.text(JSON.stringify(await handle(c.var.visitor)));
  });
  return app;
}

/** Hono's own server for Node. */
async function serveHono(setup: AdapterSetup): Promise<App> {
  const server = createAdaptorServer({
    fetch: createApp(setup).fetch,
    serverOptions: { maxHeaderSize: MAX_HEADER_BYTES },
  }) as Server;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return reach(server);
}

const shared = { currentVisitor, origin: 'http://shop.example' };
describeAdapter('Hono', { create: serveHono, knowsPeer: false, ...shared });
describeAdapter('Hono, with getConnInfo,', {
  create: ({ options, ...setup }) => serveHono({ ...setup, options: { ...options, getConnInfo } as AnyOptions }),
  knowsPeer: true,
  ...shared,
});

describe('Hono, with getConnInfo but without a connection,', () => {
  it('still reads the visitor, as in tests with app.request()', async () => {
    const { client } = await rig();
    const told: string[] = [];
    const options = { getConnInfo, logger: { warn: (message: string) => void told.push(message) } } as AnyOptions;
    const app = createApp({ ours: client, options, handle: ({ userId }) => userId });
    const answer = await app.request('/', { headers: { cookie: 'ours_device_id=v' } });
    expect([await answer.text(), told]).toEqual(['"v"', []]);
  });
});

describe('Hono on Workers', () => {
  it('passes events to the request’s waitUntil, from the visitor and from the client', async () => {
    const { client, collector } = await rig({ flushIntervalMs: HOUR_MS });
    for (const track of [
      (visitor: Visitor) => visitor.track('purchase'),
      () => client.track({ event: 'purchase', userId: 'v' }),
    ]) {
      const app = createApp({ ours: client, options: {}, handle: (visitor) => track(visitor).distinctId });
      const promises: Promise<unknown>[] = [];
      const before = collector.events().length;
      const context = {
        waitUntil(promise: Promise<unknown>) {
          expect(this).toBe(context);
          promises.push(promise);
        },
        passThroughOnException: () => undefined,
        props: {},
      };
      await app.request('/', { headers: { cookie: 'ours_device_id=v' } }, {}, context);
      expect(promises).toHaveLength(1);
      await Promise.all(promises);
      expect(collector.events()).toHaveLength(before + 1);
    }
  });
});
