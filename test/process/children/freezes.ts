// A function's host and its function in one process: it answers one request by the rules that `HOST` names, and freezes.
import { writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import type { HttpRequest } from '@azure/functions';
import type { Context as NetlifyContext } from '@netlify/functions';
import type { Request as ExpressRequest, Response as ExpressResponse } from 'express';
import { httpHandler } from '../../../src/adapters/azure.js';
import { httpFunction } from '../../../src/adapters/google-cloud.js';
import { lambdaHandler, type WithVisitor } from '../../../src/adapters/lambda.js';
import { requestHandler } from '../../../src/adapters/request.js';
import { createClient, type Visitor } from '../../../src/index.js';

// CommonJS, of which a loader cannot always tell the names; each is loaded on its own host alone.
const require = createRequire(import.meta.url);
// Nothing is sent automatically while the process runs.
const ours = createClient({ flushIntervalMs: 3_600_000 });
const cookie = 'ours_device_id=v';

function buy(visitor: Visitor): string {
  for (let index = 0; index < 250; index += 1) visitor.track('purchase', {}, { distinctId: `e${index}` });
  visitor.identify({ userProperties: { city: 'Bern' } });
  return 'bought';
}

/** A host that freezes as soon as it has answered. */
async function lambda(): Promise<void> {
  const handler = lambdaHandler(ours, async ({ visitor }: { headers: object } & WithVisitor) => buy(visitor));
  freezeAfter(await handler({ headers: { cookie } }, {}));
}

/** A host that freezes as soon as it has answered and what `waitUntil` was given has settled. */
async function worker(): Promise<void> {
  const promises: Promise<unknown>[] = [];
  const handler = requestHandler(
    ours,
    async ({ visitor }: Request & WithVisitor, _env: object, _context: object) => new Response(buy(visitor)),
  );
  const context = { waitUntil: (promise: Promise<unknown>) => void promises.push(promise) };
  const answer = await handler(new Request('https://shop.example/', { headers: { cookie } }), {}, context);
  const text = await answer.text();
  await Promise.all(promises);
  freezeAfter(text);
}

/** Netlify passes `waitUntil` with its context. */
async function netlify(): Promise<void> {
  const promises: Promise<unknown>[] = [];
  const handler = requestHandler(
    ours,
    async ({ visitor }: Request & WithVisitor, _context: NetlifyContext) => new Response(buy(visitor)),
  );
  const context = { waitUntil: (promise: Promise<unknown>) => void promises.push(promise) } as NetlifyContext;
  const answer = await handler(new Request('https://shop.example/', { headers: { cookie } }), context);
  const text = await answer.text();
  await Promise.all(promises);
  freezeAfter(text);
}

async function azure(): Promise<void> {
  const host = require('@azure/functions') as typeof import('@azure/functions');
  const handler = httpHandler(ours, async ({ visitor }: HttpRequest & WithVisitor) => buy(visitor));
  const request = new host.HttpRequest({ method: 'GET', url: 'https://shop.example/', headers: { cookie } });
  freezeAfter(await handler(request, new host.InvocationContext()));
}

/** The Functions Framework's server; it freezes when the response has been written. */
async function google(): Promise<void> {
  const framework = require('@google-cloud/functions-framework') as typeof import('@google-cloud/functions-framework');
  const testing =
    require('@google-cloud/functions-framework/testing') as typeof import('@google-cloud/functions-framework/testing');
  const handler = httpFunction(ours, ({ visitor }: ExpressRequest & WithVisitor, response: ExpressResponse) => {
    response.send(buy(visitor));
  });
  framework.http('shop', (request, response) => {
    response.once('finish', () => freezeAfter('bought'));
    handler(request, response);
  });
  const server = testing.getTestServer('shop').listen(0, '127.0.0.1', () => {
    const { port } = server.address() as AddressInfo;
    fetch(`http://127.0.0.1:${port}/`, { headers: { cookie } });
  });
}

/** The host of `lambda` with a function that has no adapter. */
async function unadapted(): Promise<void> {
  freezeAfter(buy(ours.visitor({ userId: 'v' })));
}

/** The answer is out, whole, before the process stops. */
function freezeAfter(answer: string): void {
  writeSync(1, `${answer}\n`);
  process.kill(process.pid, 'SIGSTOP');
}

const hosts = { lambda, worker, netlify, azure, google, unadapted };
await hosts[process.env.HOST as keyof typeof hosts]();
