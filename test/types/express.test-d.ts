// Checked with the types of Express 5, where the example's shop registers its events, and by tsconfig.express-4.json with those of
// Express 4, without registered events.
import express from 'express';
import { describe, expectTypeOf, it } from 'vitest';
import { type RegisteredEvents, visitorMiddleware } from '../../src/adapters/express.js';
import { createClient, type Visitor } from '../../src/index.js';

const ours = createClient({ token: 'test_token' });

describe('Express', () => {
  it('accepts the middleware, and the request has its visitor', () => {
    const app = express();
    app.use(visitorMiddleware(ours));
    app.use('/shop', visitorMiddleware(ours, { trustProxy: 1, ipHeader: 'cf-connecting-ip' }));
    app.get('/', (request) => {
      expectTypeOf(request.visitor).toEqualTypeOf<Visitor<RegisteredEvents>>();
      request.visitor.track('page_viewed', { page: 'home' });
      // @ts-expect-error only the middleware sets it
      request.visitor = undefined;
    });
  });

  it('passes its own request to consent', () => {
    express().use(
      visitorMiddleware(ours, { consent: (request: express.Request) => request.get('sec-gpc') === undefined }),
    );
    // @ts-expect-error consent is synchronous
    visitorMiddleware(ours, { consent: async () => true });
  });
});
