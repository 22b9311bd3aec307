import { HttpRequest, type HttpResponseInit, InvocationContext } from '@azure/functions';
import { describe, expect, it } from 'vitest';
import { currentVisitor, httpHandler, type WithVisitor } from '../../src/adapters/azure.js';
import { arrived, rig } from '../support/client.js';
import { type AdapterSetup, type App, describeAdapter, type Sent } from './contract.js';

const ON_AZURE = { platform: { env: { FUNCTIONS_WORKER_RUNTIME: 'node' } }, flushIntervalMs: 3_600_000 };
const PEER = '127.0.0.1:50123';

/** A request as Azure's front end passes it on: it appends the address and port that it saw. */
function azureRequest(path: string, { method = 'GET', headers = {}, body }: Sent = {}): HttpRequest {
  const before = headers['x-forwarded-for'];
  const all = { host: 'shop.example', ...headers, 'x-forwarded-for': before ? `${before}, ${PEER}` : PEER };
  const url = new URL(path, 'https://shop.example').href;
  return new HttpRequest({ method, url, headers: all, ...(body !== undefined && { body: { string: body } }) });
}

const context = () => new InvocationContext({ functionName: 'shop' });

/** The host: a function that throws answers 500. */
function create({ ours, options, handle }: AdapterSetup): App {
  const handler = httpHandler(
    ours,
    async (request: HttpRequest & WithVisitor, _: InvocationContext): Promise<HttpResponseInit> => {
      await request.text();
      return { body: JSON.stringify(await handle(request.visitor)) };
    },
    options,
  );
  return {
    async send(path, sent) {
      const { status = 200, body } = await handler(azureRequest(path, sent), context()).catch(
        (): HttpResponseInit => ({ status: 500, body: '' }),
      );
      return { status, body: String(body) };
    },
  };
}

describeAdapter('Azure Functions', { create, currentVisitor, knowsPeer: true, origin: 'https://shop.example' });

describe('a function on Azure', () => {
  const request = () => azureRequest('/', { headers: { cookie: 'ours_device_id=v', 'user-agent': 'browser' } });

  it('delivers before it answers, events of the visitor and of the client', async () => {
    const { client, collector, warnings } = await rig(ON_AZURE);
    const handler = httpHandler(client, async ({ visitor }: HttpRequest & WithVisitor) => {
      visitor.track('purchase', {}, { distinctId: 'a' });
      client.track({ event: 'purchase', userId: 'v', distinctId: 'b' });
      return 'answer';
    });
    expect(await handler(request(), context())).toBe('answer');
    expect(arrived(collector)).toEqual(['a', 'b']);
    expect(warnings, 'the host freezes, but events are flushed').toEqual([]);
  });

  it('delivers before it fails, too', async () => {
    const { client, collector } = await rig(ON_AZURE);
    const handler = httpHandler(client, ({ visitor }: HttpRequest & WithVisitor): string => {
      visitor.track('purchase', {}, { distinctId: 'a' });
      throw new TypeError('of the application');
    });
    await expect(handler(request(), context())).rejects.toThrow('of the application');
    expect(arrived(collector)).toEqual(['a']);
  });

  it('does not know the address where no front end reports one', async () => {
    const { client, collector } = await rig(ON_AZURE);
    const handler = httpHandler(
      client,
      ({ visitor }: HttpRequest & WithVisitor) => visitor.track('purchase').distinctId,
    );
    const headers = { cookie: 'ours_device_id=v', 'user-agent': 'browser' };
    await handler(new HttpRequest({ method: 'GET', url: 'http://localhost:7071/api/shop', headers }), context());
    const [event] = collector.events();
    expect(event).toMatchObject({ userId: 'v', defaultProperties: { user_agent: 'browser' } });
    expect(event).not.toHaveProperty('identityContext');
  });

  it('reports a missing handler and an invalid timeout at set-up', async () => {
    const { client } = await rig();
    expect(() => httpHandler(client, undefined as never)).toThrow('handler must be a function; got nothing');
    expect(() => httpHandler(client, () => undefined, { flushTimeoutMs: -1 })).toThrow(/flushTimeoutMs/);
  });
});
