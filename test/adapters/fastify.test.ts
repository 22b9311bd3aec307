import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { describe, expect, it } from 'vitest';
import { currentVisitor, visitorPlugin } from '../../src/adapters/fastify.js';
import type { Visitor } from '../../src/index.js';
import { rig } from '../support/client.js';
import { type AdapterSetup, type App, describeAdapter } from './contract.js';
import { MAX_HEADER_BYTES, reach } from './servers.js';

type Options = Parameters<typeof fastify>[0];

const visitorOf = (request: FastifyRequest): Visitor => (request as unknown as { visitor: Visitor }).visitor;

async function createApp({ ours, options, handle }: AdapterSetup, own: object = {}): Promise<App> {
  const app: FastifyInstance = fastify({ ...own, http: { maxHeaderSize: MAX_HEADER_BYTES } } as Options) as never;
  app.register(visitorPlugin(ours, options));
  app.all('/*', async (request, reply) => reply.send(JSON.stringify(await handle(visitorOf(request)))));
  await app.listen({ host: '127.0.0.1', port: 0 });
  return reach(app.server);
}

describeAdapter('Fastify', { create: createApp, currentVisitor, knowsPeer: true, origin: 'http://shop.example' });

describe('Fastify’s own settings', () => {
  it('determine the address and the scheme without trustProxy', async () => {
    const { client, collector } = await rig();
    const handle = (visitor: Visitor) => visitor.track('purchase').distinctId;
    const { send } = await createApp({ ours: client, options: {}, handle }, { trustProxy: '127.0.0.1' });
    await send('/plans', {
      headers: {
        cookie: 'ours_device_id=v',
        'user-agent': 'browser',
        'x-forwarded-for': '9.9.9.9, 203.0.113.7',
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

  it('give the address even if the connection closes before an event is tracked', async () => {
    const { client, collector } = await rig();
    let userId: string | undefined;
    const handle = (request: FastifyRequest) => {
      ({ userId } = visitorOf(request));
      request.raw.socket.destroy();
      visitorOf(request).track('purchase');
    };
    const app = fastify();
    app.register(visitorPlugin(client));
    app.get('/', async (request) => handle(request));
    await app.listen({ host: '127.0.0.1', port: 0 });
    const { send } = reach(app.server);
    await expect(send('/', { headers: { cookie: 'ours_device_id=v', 'user-agent': 'browser' } })).rejects.toThrow();
    await client.flush();
    expect(userId).toBe('v');
    expect(collector.events()).toMatchObject([{ identityContext: { ip: '127.0.0.1' } }]);
  });

  it('set the visitor on sibling and nested routes, and on unknown ones', async () => {
    const { client } = await rig();
    const app = fastify();
    app.register(visitorPlugin(client));
    app.register((below, _options, done) => {
      below.get('/below', (request) => visitorOf(request).userId);
      done();
    });
    app.setNotFoundHandler((request, reply) => reply.send(currentVisitor()?.userId === visitorOf(request).userId));
    const headers = { cookie: 'ours_device_id=v' };
    expect((await app.inject({ url: '/below', headers })).body).toBe('v');
    expect((await app.inject({ url: '/nowhere', headers })).body).toBe('true');
    await app.close();
  });
});
