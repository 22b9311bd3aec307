import { getConnInfo } from '@hono/node-server/conninfo';
import type { APIGatewayProxyEvent, APIGatewayProxyEventV2, Context, SQSHandler, SQSRecord } from 'aws-lambda';
import fastify from 'fastify';
import { Hono } from 'hono';
import { headers } from 'next/headers.js';
import { after, type NextFetchEvent, type NextProxy, type NextRequest, NextResponse } from 'next/server.js';
import { describe, expectTypeOf, it } from 'vitest';
import { z } from 'zod';
import { currentVisitor } from '../../src/adapters/express.js';
import { type FastifyRequest, visitorPlugin } from '../../src/adapters/fastify.js';
import { visitorMiddleware as honoVisitors } from '../../src/adapters/hono.js';
import { lambdaHandler, sqsHandler } from '../../src/adapters/lambda.js';
import { nextVisitors } from '../../src/adapters/next.js';
import { requestHandler, type WithVisitor } from '../../src/adapters/request.js';
import { createClient, type Visitor } from '../../src/index.js';

const events = { purchase: z.object({ value: z.number() }) };
type Events = typeof events;
const ours = createClient({ token: 'test_token', events });

// As in an application.
declare module 'fastify' {
  interface FastifyRequest {
    visitor: Visitor<Events>;
  }
}

function knowsItsEvents(visitor: Visitor<Events>): void {
  visitor.track('purchase', { value: 1 });
  // @ts-expect-error unknown event
  visitor.track('purchased', { value: 1 });
  // @ts-expect-error a number instead of a string
  visitor.track('purchase', { value: '1' });
}

describe('Fastify', () => {
  it('accepts the plugin, and the request has its visitor', () => {
    const app = fastify();
    app.register(visitorPlugin(ours));
    app.register(visitorPlugin(ours, { trustProxy: ['10.0.0.0/8'] }));
    app.get('/', (request) => knowsItsEvents(request.visitor));
  });

  it('passes its own request to consent', () => {
    fastify().register(visitorPlugin(ours, { consent: (request: FastifyRequest) => request.host !== 'intern' }));
    fastify().register(
      visitorPlugin(ours, { consent: (request: import('fastify').FastifyRequest) => request.is404 === false }),
    );
  });

  it('may have another logger or server type', () => {
    fastify({ logger: { level: 'warn' } }).register(visitorPlugin(ours));
  });
});

describe('Hono', () => {
  it('accepts the middleware, and the context has its visitor', () => {
    const app = new Hono<{ Variables: { visitor: Visitor<Events> }; Bindings: { KEY: string } }>();
    app.use(honoVisitors(ours));
    app.use('/shop/*', honoVisitors(ours, { getConnInfo }));
    app.get('/', (c) => {
      knowsItsEvents(c.var.visitor);
      return c.text(c.env.KEY);
    });
  });
});

describe('a handler of requests', () => {
  it('fits the signatures of Workers, Deno and Bun', () => {
    interface Env {
      readonly KEY: string;
    }
    const worker = requestHandler(
      ours,
      async (request, env: Env, _context: { waitUntil(it: Promise<unknown>): void }) => {
        knowsItsEvents(request.visitor);
        return new Response(`${env.KEY} ${await request.text()}`);
      },
    );
    expectTypeOf(worker).toBeCallableWith(new Request('http://localhost'), { KEY: '' }, { waitUntil: () => undefined });
    expectTypeOf(worker).returns.toEqualTypeOf<Promise<Response>>();
    const bare = requestHandler(ours, (request) => new Response(request.url));
    expectTypeOf(bare).toEqualTypeOf<(request: Request) => Response>();
  });
});

describe('Next.js', () => {
  const next = nextVisitors(ours, { headers, after });

  it('passes its functions, and has the visitor in components and actions', () => {
    expectTypeOf(next.visitor).returns.resolves.toEqualTypeOf<Visitor<Events>>();
    // @ts-expect-error after is missing
    nextVisitors(ours, { headers });
  });

  it('accepts a wrapped function as a route handler, including its parameters', () => {
    type Route = (request: NextRequest, context: { params: Promise<{ id: string }> }) => Promise<Response> | Response;
    const plain = next.requestHandler(async (request) => {
      knowsItsEvents(request.visitor);
      return Response.json(await request.json());
    });
    expectTypeOf(plain).toExtend<Route>();
    const withParams = next.requestHandler(async (_request, { params }: { params: Promise<{ id: string }> }) =>
      Response.json(await params),
    );
    expectTypeOf(withParams).toExtend<Route>();
    const annotated = next.requestHandler((request: NextRequest & WithVisitor<Events>) => {
      knowsItsEvents(request.visitor);
      return Response.json(request.nextUrl.pathname);
    });
    expectTypeOf(annotated).toExtend<Route>();
  });

  it('accepts a wrapped function as its proxy', () => {
    const proxy = next.requestHandler((request: NextRequest & WithVisitor<Events>, _event: NextFetchEvent) => {
      knowsItsEvents(request.visitor);
      return NextResponse.next();
    });
    expectTypeOf(proxy).toExtend<NextProxy>();
  });
});

describe('Lambda', () => {
  it('keeps the types of events, contexts and answers', () => {
    const handler = lambdaHandler(
      ours,
      async (event: APIGatewayProxyEventV2 & WithVisitor<Events>, context: Context) => {
        knowsItsEvents(event.visitor);
        return { statusCode: 200, body: `${event.rawPath} ${context.awsRequestId}` };
      },
    );
    expectTypeOf(handler).parameters.toEqualTypeOf<[event: APIGatewayProxyEventV2, context: Context]>();
    expectTypeOf(handler).returns.resolves.toEqualTypeOf<{ statusCode: number; body: string }>();
    const v1 = lambdaHandler(ours, async (event: APIGatewayProxyEvent) => event.httpMethod);
    expectTypeOf(v1).parameter(0).toEqualTypeOf<APIGatewayProxyEvent>();
  });

  it('accepts a handler of SQS records', () => {
    const handler = sqsHandler(
      ours,
      (record: SQSRecord & WithVisitor<Events>, _context: Context) => knowsItsEvents(record.visitor),
      { visitorOf: (record) => ({ userId: record.messageAttributes.visitor?.stringValue }) },
    );
    const usable: SQSHandler = handler;
    expectTypeOf(usable).not.toBeAny();
    // @ts-expect-error visitorOf is missing
    sqsHandler(ours, () => undefined, {});
  });
});

describe('the current visitor', () => {
  it('may be undefined', () => {
    expectTypeOf(currentVisitor()).toEqualTypeOf<Visitor | undefined>();
    expectTypeOf(currentVisitor<Events>()).toEqualTypeOf<Visitor<Events> | undefined>();
  });
});
