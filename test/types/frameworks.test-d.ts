import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { app, type HttpHandler, type HttpRequest, type InvocationContext } from '@azure/functions';
import {
  type Request as CloudRequest,
  type Response as CloudResponse,
  type HttpFunction,
  http,
} from '@google-cloud/functions-framework';
import { type DynamicModule, Module } from '@nestjs/common';
import type { Context as NetlifyContext } from '@netlify/functions';
import Koa from 'koa';
import { describe, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { httpHandler } from '../../src/adapters/azure.js';
import { httpFunction } from '../../src/adapters/google-cloud.js';
import { type KoaContext, visitorMiddleware } from '../../src/adapters/koa.js';
import { CurrentVisitor, InjectOurs, OURS, OursModule } from '../../src/adapters/nestjs.js';
import { requestHandler, type WithVisitor } from '../../src/adapters/request.js';
import { createClient, type Visitor } from '../../src/index.js';

const events = { purchase: z.object({ value: z.number() }) };
type Events = typeof events;
const ours = createClient({ token: 'test_token', events });

function knowsItsEvents(visitor: Visitor<Events>): void {
  visitor.track('purchase', { value: 1 });
  // @ts-expect-error unknown event
  visitor.track('purchased', { value: 1 });
}

describe('Nest', () => {
  it('accepts the module', () => {
    expectTypeOf(OursModule.forRoot({ ours, trustProxy: 1 })).toExtend<DynamicModule>();
    class Config {
      readonly token: string = '';
    }
    const options = {
      imports: [class Root {}],
      inject: [Config],
      useFactory: async ({ token }: Config) => ({ ours: createClient({ token, events }), shutdownTimeoutMs: 1_000 }),
    };
    Module({ imports: [OursModule.forRootAsync(options), OursModule.forRoot({ ours })] });
    OursModule.forRoot({ ours, consent: ({ headers }) => headers['sec-gpc'] === undefined });
  });

  it('reports a missing client and an unknown option', () => {
    // @ts-expect-error the client is missing
    OursModule.forRoot({ trustProxy: 1 });
    // @ts-expect-error unknown option
    OursModule.forRoot({ ours, trustProxies: 1 });
    // @ts-expect-error the factory returns options, not a client
    OursModule.forRootAsync({ useFactory: () => ours });
  });

  it('has decorators for parameters and properties', () => {
    expectTypeOf(CurrentVisitor()).toExtend<ParameterDecorator>();
    expectTypeOf(InjectOurs()).toExtend<ParameterDecorator & PropertyDecorator>();
    expectTypeOf(OURS).toExtend<symbol>();
  });
});

describe('Koa', () => {
  it('accepts the middleware, and the state has its visitor', () => {
    const koa = new Koa<{ visitor: Visitor<Events> }>();
    koa.use(visitorMiddleware(ours));
    koa.use(
      visitorMiddleware(ours, { trustProxy: 1, consent: ({ request }: KoaContext) => request.host !== 'intern' }),
    );
    koa.use((ctx) => knowsItsEvents(ctx.state.visitor));
    new Koa().use(visitorMiddleware(ours, { consent: (ctx: Koa.Context) => ctx.get('sec-gpc') === '' }));
  });
});

describe('functions', () => {
  it('on Google Cloud keep the types of requests and responses', () => {
    const handler = httpFunction(ours, async (request: CloudRequest & WithVisitor<Events>, response: CloudResponse) => {
      knowsItsEvents(request.visitor);
      response.status(204).end();
    });
    expectTypeOf(handler).toExtend<HttpFunction>();
    http('shop', handler);
    createServer(httpFunction(ours, (_request: IncomingMessage, response: ServerResponse) => response.end()));
    createServer(httpFunction(ours, (() => undefined) as RequestListener));
  });

  it('on Azure keep the types of requests, contexts and answers', () => {
    const handler = httpHandler(
      ours,
      async (request: HttpRequest & WithVisitor<Events>, context: InvocationContext) => {
        knowsItsEvents(request.visitor);
        return { status: 200, body: context.invocationId };
      },
    );
    expectTypeOf(handler).toExtend<HttpHandler>();
    expectTypeOf(handler).parameters.toEqualTypeOf<[request: HttpRequest, context: InvocationContext]>();
    app.http('shop', { handler });
  });

  it('on Netlify are handlers of requests', () => {
    const handler = requestHandler(ours, async (request, _context: NetlifyContext) => {
      knowsItsEvents(request.visitor);
      return new Response();
    });
    expectTypeOf(handler).toBeCallableWith(new Request('http://localhost'), {} as NetlifyContext);
    expectTypeOf(handler).returns.resolves.toEqualTypeOf<Response>();
  });
});
