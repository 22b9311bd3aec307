// One server of a framework: bare, with the adapter, or with a handler that asks for the visitor or opens it as well.
import './parent.mjs';
import { createServer } from 'node:http';

const { framework, variant } = JSON.parse(process.argv[2]);
const { createClient } = await import('../../dist/index.js');
const ours = createClient({ token: 'test_token', baseUrl: 'http://127.0.0.1:9' });
const isRight = {
  bare: () => true,
  adapter: () => true,
  asked: ({ userId, sessionId }) => userId !== undefined && sessionId !== undefined,
  // All that an event needs is read before `track` is there to be called.
  opened: ({ userId, track }) => userId !== undefined && typeof track === 'function',
}[variant];
const answer = (visitor) => (isRight(visitor) ? 'done' : 'lost');

const start = {
  async express() {
    const { default: express } = await import('express');
    const { visitorMiddleware } = await import('../../dist/express.js');
    const app = express();
    if (variant !== 'bare') app.use(visitorMiddleware(ours));
    app.get('/plans', (request, response) => response.end(answer(request.visitor)));
    return listen(createServer(app));
  },
  async fastify() {
    const { default: fastify } = await import('fastify');
    const { visitorPlugin } = await import('../../dist/fastify.js');
    const app = fastify();
    if (variant !== 'bare') app.register(visitorPlugin(ours));
    app.get('/plans', (request, reply) => reply.send(answer(request.visitor)));
    await app.ready();
    return listen(app.server);
  },
  async hono() {
    const { Hono } = await import('hono');
    const { createAdaptorServer } = await import('@hono/node-server');
    const { visitorMiddleware } = await import('../../dist/hono.js');
    const app = new Hono();
    if (variant !== 'bare') app.use(visitorMiddleware(ours));
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
process.on('message', (message) => {
  if (message === 'start') {
    started = process.cpuUsage();
    process.send({ started: true });
  } else if (message === 'stop') {
    const { user, system } = process.cpuUsage(started);
    process.send({ cpuUs: user + system });
  }
});
process.send({ port });
