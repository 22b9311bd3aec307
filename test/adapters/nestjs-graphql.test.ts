import { EventEmitter, on } from 'node:events';
import type { Server } from 'node:http';
import { ApolloDriver } from '@nestjs/apollo';
import type { INestApplication, Type } from '@nestjs/common';
import { Args, GraphQLModule, Mutation, Query, Resolver, Subscription } from '@nestjs/graphql';
import { MercuriusDriver } from '@nestjs/mercurius';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { createClient as createSubscriber, type Client as Subscriber } from 'graphql-ws';
import { WebSocket } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CurrentVisitor, currentVisitor, OursModule } from '../../src/adapters/nestjs.js';
import type { Visitor } from '../../src/index.js';
import { arrived, rig, until } from '../support/client.js';
import { decorate } from '../support/nest.js';

const typeDefs = `
  type Query { me: String }
  type Mutation { buy(item: String): String }
  type Subscription { bought: String }
`;

/** Everyone hears of every purchase, and each sees who hears it. */
function createShop(): { readonly Shop: Type; readonly subscribers: () => number; readonly ambient: unknown[] } {
  const purchases = new EventEmitter();
  const ambient: unknown[] = [];
  class Shop {
    me(visitor: Visitor): string {
      return `${visitor.userId} ${currentVisitor()?.userId}`;
    }
    buy(visitor: Visitor, item: string): string {
      // Listeners run within the buyer's request.
      purchases.emit('purchase', { bought: item });
      return visitor.track('purchase', {}, { distinctId: `${item} of ${visitor.userId}` }).distinctId;
    }
    async *bought(visitor: Visitor): AsyncGenerator<object> {
      for await (const [{ bought }] of on(purchases, 'purchase')) {
        ambient.push(currentVisitor()?.userId);
        visitor.track('page_viewed', {}, { distinctId: `${bought} for ${visitor.userId}` });
        yield { bought: `${bought} for ${visitor.userId}` };
      }
    }
  }
  decorate(Shop, 'me', [Query('me')], [CurrentVisitor()]);
  decorate(Shop, 'buy', [Mutation('buy')], [CurrentVisitor(), Args('item')]);
  decorate(Shop, 'bought', [Subscription('bought')], [CurrentVisitor()]);
  Resolver()(Shop);
  return { Shop, subscribers: () => purchases.listenerCount('purchase'), ambient };
}

const drivers = {
  'Apollo on Express': {
    adapter: () => new ExpressAdapter(),
    options: { driver: ApolloDriver, subscriptions: { 'graphql-ws': true } },
  },
  'Mercurius on Fastify': {
    adapter: () => new FastifyAdapter(),
    options: { driver: MercuriusDriver, subscription: true },
  },
};

async function createApp(name: keyof typeof drivers) {
  const { client, collector } = await rig({ flushIntervalMs: 3_600_000 });
  const { adapter, options } = drivers[name];
  const { Shop, subscribers, ambient } = createShop();
  const testing = await Test.createTestingModule({
    imports: [OursModule.forRoot({ ours: client }), GraphQLModule.forRoot({ typeDefs, ...options } as never)],
    providers: [Shop],
  }).compile();
  const app = testing.createNestApplication<INestApplication>(adapter() as never, { logger: false });
  onTestFinished(() => app.close());
  await app.listen(0, '127.0.0.1');
  const { port } = (app.getHttpServer() as Server).address() as { port: number };

  async function ask(query: string, userId: string): Promise<unknown> {
    const headers = { 'content-type': 'application/json', cookie: `ours_device_id=${userId}` };
    const body = JSON.stringify({ query });
    const answer = await fetch(`http://127.0.0.1:${port}/graphql`, { method: 'POST', headers, body });
    return ((await answer.json()) as { data: unknown }).data;
  }

  /** What a browser with this visitor's cookie hears. */
  function subscribe(userId: string): unknown[] {
    const heard: unknown[] = [];
    class Socket extends WebSocket {
      constructor(url: string, protocols: string[]) {
        super(url, { protocols, headers: { cookie: `ours_device_id=${userId}` } });
      }
    }
    const subscriber: Subscriber = createSubscriber({ url: `ws://127.0.0.1:${port}/graphql`, webSocketImpl: Socket });
    onTestFinished(() => void subscriber.dispose());
    const sink = {
      next: ({ data }: { data?: unknown }) => void heard.push(data),
      error: () => undefined,
      complete: () => undefined,
    };
    subscriber.subscribe({ query: 'subscription { bought }' }, sink as never);
    return heard;
  }
  return { client, collector, ask, subscribe, subscribers, ambient };
}

describe.each(Object.keys(drivers) as (keyof typeof drivers)[])('GraphQL in Nest, by %s', (name) => {
  it('has the visitor of each request', async () => {
    const { ask } = await createApp(name);
    const ids = Array.from({ length: 20 }, (_, at) => `v${at}`);
    const answers = await Promise.all(ids.map((id) => ask('{ me }', id)));
    expect(answers).toEqual(ids.map((id) => ({ me: `${id} ${id}` })));
  });

  it('has the subscriber’s own visitor in a subscription, never the visitor whose request published', async () => {
    const { client, collector, ask, subscribe, subscribers, ambient } = await createApp(name);
    const heard = { anna: subscribe('anna'), ben: subscribe('ben') };
    await until(() => subscribers() === 2);
    expect(await ask('mutation { buy(item: "tea") }', 'carla')).toEqual({ buy: 'tea of carla' });
    expect(await ask('mutation { buy(item: "pie") }', 'anna')).toEqual({ buy: 'pie of anna' });
    await until(() => heard.anna.length === 2 && heard.ben.length === 2);
    expect(heard).toEqual({
      anna: [{ bought: 'tea for anna' }, { bought: 'pie for anna' }],
      ben: [{ bought: 'tea for ben' }, { bought: 'pie for ben' }],
    });
    await client.flush();
    expect(arrived(collector).toSorted()).toEqual(
      ['tea of carla', 'pie of anna', 'tea for anna', 'tea for ben', 'pie for anna', 'pie for ben'].toSorted(),
    );
    const ownerOf = new Map(collector.events().map(({ distinctId, userId }) => [distinctId, userId]));
    for (const [id, userId] of ownerOf) expect(id).toMatch(new RegExp(`${userId}$`));
    expect(ambient.filter((userId) => userId === 'carla')).toEqual([]);
  });
});
