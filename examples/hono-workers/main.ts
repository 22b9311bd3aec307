import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import type { ExecutionContext } from 'hono';
import type { Listening } from '../simulation/listen.js';
import { demonstrate, type World } from '../simulation/world.js';
import worker, { type Env } from './worker.js';

// Plays the Workers runtime on Node: an isolate is not stopped before what was handed to `waitUntil` is done.
const underWay: Promise<unknown>[] = [];

async function openShop({ collector, paymentsUrl, webhookSecret, visitorKeys }: World): Promise<Listening> {
  const env: Env = {
    OURS_BASE_URL: collector.baseUrl,
    STRIPE_URL: paymentsUrl,
    STRIPE_WEBHOOK_SECRET: webhookSecret,
    VISITOR_KEY: String(visitorKeys[0]),
  };
  const context: ExecutionContext = {
    waitUntil: (promise) => void underWay.push(promise),
    passThroughOnException: () => undefined,
    props: undefined,
  };
  const server = serve({ fetch: (request) => worker.fetch(request, env, context), hostname: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      await Promise.all(underWay);
      server.close();
    },
  };
}

await demonstrate(openShop, async () => (underWay.length > 0 ? [] : ['nothing was handed to `waitUntil`']));
