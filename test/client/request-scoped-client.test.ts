import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { createRequestScopedClient } from '../../src/client/request-scoped-client.js';
import { scopedClient } from '../../src/client/scoped-client.js';
import type { Client } from '../../src/client/types.js';
import { createCollector } from '../../src/collector/index.js';
import { createClient } from '../../src/edge.js';
import { createMemoryOutbox } from '../../src/outbox/memory.js';
import { REQUEST_SCOPE } from '../../src/runtime/wait-until.js';
import { clientWith, TOKEN } from '../support/clients.js';

const globals = globalThis as { [REQUEST_SCOPE]?: AsyncLocalStorage<object> | undefined };
const NEXT_CONTEXT = Symbol.for('@next/request-context');
const before = globals[REQUEST_SCOPE];
const requests = new AsyncLocalStorage<object>();

afterEach(() => {
  globals[REQUEST_SCOPE] = before;
});

function clientPerRequest(): { client: Client; made: Client[] } {
  globals[REQUEST_SCOPE] = requests;
  const made: Client[] = [];
  const client = createRequestScopedClient(() => {
    made.push(clientWith().client);
    return made.at(-1)!;
  });
  return { client, made };
}

describe('a client of a Worker', () => {
  it('takes no memory outbox: all requests would share it', () => {
    expect(() => createClient({ token: TOKEN, outbox: createMemoryOutbox() })).toThrow(
      /^outbox: .*pass maxQueueSize, maxQueueBytes or whenFull/,
    );
  });

  it('is made when it is first used, one for each request, and one for what runs outside of them', async () => {
    const { client, made } = clientPerRequest();
    expect(made).toHaveLength(0);
    const [first, second] = [{}, {}];
    for (const request of [first, second, first]) {
      requests.run(request, () => client.track({ event: 'purchase', userId: 'u' }));
    }
    expect(made).toHaveLength(2);
    client.track({ event: 'purchase', userId: 'u' });
    client.track({ event: 'purchase', userId: 'u' });
    expect(made).toHaveLength(3);
    expect(await Promise.all(made.map((one) => one.flush()))).toMatchObject([
      { delivered: 2 },
      { delivered: 1 },
      { delivered: 2 },
    ]);
  });

  it('sends the events of a visit in test mode as test events, and leaves no impression', async () => {
    const experiments = [{ key: 'hero', variants: [{ name: 'a' }, { name: 'b' }], primary: 'purchase' }];
    await using collector = await createCollector({ experiments });
    const { baseUrl } = collector;
    globals[REQUEST_SCOPE] = requests;
    const client = createClient({ token: 'live', testToken: 'test_live', experimentToken: 'exp_live', baseUrl });
    await requests.run({}, async () => {
      const tester = client.visitor({ userId: 'v', testToken: 'test_live' });
      expect(await tester.assign('hero', { timeoutMs: 60_000 })).toMatchObject({ inExperiment: true });
      tester.track('purchase', {}, { distinctId: 'of a tester' });
      client.visitor({ userId: 'w' }).track('purchase', {}, { distinctId: 'of a customer' });
      expect(await client.flush()).toMatchObject({ delivered: 2, pending: 0 });
    });
    const isTest = Object.fromEntries(collector.report().events.map((line) => [line.event.distinctId, line.isTest]));
    expect(isTest).toEqual({ 'of a tester': true, 'of a customer': false });
  });

  it('looks up the request at each call, also through a visitor and detached methods', async () => {
    const { client, made } = clientPerRequest();
    const { identify, flush } = client;
    const visitor = client.visitor({ userId: 'u' });
    await requests.run({}, async () => {
      visitor.track('purchase');
      identify({ userId: 'u' });
      expect(await flush()).toMatchObject({ delivered: 2 });
    });
    await requests.run({}, async () => expect(await flush()).toMatchObject({ delivered: 0 }));
    expect(made).toHaveLength(2);
  });

  it('gives a webhook a new client outside of requests, and the client of the request within one', () => {
    const { client, made } = clientPerRequest();
    expect(scopedClient(client)).not.toBe(scopedClient(client));
    expect(made).toHaveLength(2);
    requests.run({}, () => {
      client.track({ event: 'purchase', userId: 'u' });
      expect(scopedClient(client)).toBe(made.at(-1));
    });
    expect(made).toHaveLength(3);
  });

  it('stays the same within a request whose platform creates a new context object for each lookup', async () => {
    const { client, made } = clientPerRequest();
    const holder = globalThis as Record<symbol, unknown>;
    onTestFinished(() => {
      delete holder[NEXT_CONTEXT];
    });
    for (const waitUntil of [() => undefined, () => undefined]) {
      holder[NEXT_CONTEXT] = { get: () => ({ waitUntil }) };
      client.track({ event: 'purchase', userId: 'u' });
      expect(await client.flush()).toMatchObject({ delivered: 1 });
    }
    expect(made).toHaveLength(2);
  });

  it('refuses wrong options when it is created, not in the first request', () => {
    expect(() => createClient({ token: TOKEN, flushAt: 0 })).toThrow(/flushAt must be/);
  });
});
