// One server of a framework: bare, with an empty middleware, or with the adapter and a handler that uses the visitor more or less.
import './parent.mjs';
import { createServer } from 'node:http';

const { framework, variant, baseUrl } = JSON.parse(process.argv[2]);
const { createClient } = await import('../../dist/index.js');
const ours = createClient({ token: 'test_token', baseUrl });
const isRight = {
  bare: () => true,
  empty: () => true,
  adapter: () => true,
  asked: ({ userId, sessionId }) => userId !== undefined && sessionId !== undefined,
  // All that an event needs is read before `track` is there to be called.
  opened: ({ userId, track }) => userId !== undefined && typeof track === 'function',
  // Delivered in batches while the requests go on.
  tracked: ({ track }) => track('purchase', { value: 49.9 }) !== undefined,
}[variant];
const hasAdapter = variant !== 'bare' && variant !== 'empty';
const answer = (visitor) => (isRight(visitor) ? 'done' : 'lost');

const start = {
  async express() {
    const { default: express } = await import('express');
    const { visitorMiddleware } = await import('../../dist/express.js');
    const app = express();
    if (hasAdapter) app.use(visitorMiddleware(ours));
    if (variant === 'empty') app.use((_request, _response, next) => next());
    app.get('/plans', (request, response) => response.end(answer(request.visitor)));
    return listen(createServer(app));
  },
  async fastify() {
    const { default: fastify } = await import('fastify');
    const { visitorPlugin } = await import('../../dist/fastify.js');
    const app = fastify();
    if (hasAdapter) app.register(visitorPlugin(ours));
    if (variant === 'empty') app.addHook('onRequest', (_request, _reply, done) => done());
    app.get('/plans', (request, reply) => reply.send(answer(request.visitor)));
    await app.ready();
    return listen(app.server);
  },
  async hono() {
    const { Hono } = await import('hono');
    const { createAdaptorServer } = await import('@hono/node-server');
    const { visitorMiddleware } = await import('../../dist/hono.js');
    const app = new Hono();
    if (hasAdapter) app.use(visitorMiddleware(ours));
    if (variant === 'empty') app.use((_c, next) => next());
    app.get('/plans', (c) => c.text(answer(c.var.visitor)));
    return listen(createAdaptorServer(app));
  },
};

async function listen(server) {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server.address().port;
}

const port = await start[framework]();
let started;
process.on('message', async (message) => {
  if (message === 'start') {
    started = process.cpuUsage();
    process.send({ started: true });
  } else if (message === 'stop') {
    if (variant === 'tracked') await ours.flush();
    const { user, system } = process.cpuUsage(started);
    process.send({ cpuUs: user + system });
  }
});
process.send({ port });
