import { describe, expect, it } from 'vitest';
import { currentVisitor, requestHandler } from '../../src/adapters/request.js';
import type { Visitor } from '../../src/index.js';
import { rig } from '../support/client.js';
import { type AdapterSetup, describeAdapter } from './contract.js';
import { serveFetch } from './servers.js';

const HOUR_MS = 3_600_000;

function createHandler({ ours, options, handle }: AdapterSetup) {
  return requestHandler(
    ours,
    async (request, ..._around: readonly unknown[]) => {
      await request.text();
      return new Response(JSON.stringify(await handle(request.visitor)));
    },
    options,
  );
}

const shared = { currentVisitor, knowsPeer: true, origin: 'http://shop.example' };

describeAdapter('Request, as Deno calls it,', {
  create: (setup) => {
    const handler = createHandler(setup);
    return serveFetch((request, { socket }) => handler(request, { remoteAddr: { hostname: socket.remoteAddress } }));
  },
  ...shared,
});

describeAdapter('Request, as Bun calls it,', {
  create: (setup) => {
    const handler = createHandler(setup);
    return serveFetch((request, { socket }) =>
      handler(request, { requestIP: (it: Request) => (it === request ? { address: socket.remoteAddress } : null) }),
    );
  },
  ...shared,
});

describe('a handler of requests on Workers', () => {
  async function onWorkers(...around: readonly unknown[]) {
    const { client, collector } = await rig({ flushIntervalMs: HOUR_MS });
    const handler = createHandler({
      ours: client,
      options: { ipHeader: 'cf-connecting-ip' },
      handle: (visitor: Visitor) => visitor.track('purchase').distinctId,
    });
    const headers = { cookie: 'ours_device_id=v', 'user-agent': 'browser', 'cf-connecting-ip': '2001:db8::7' };
    return { answer: await handler(new Request('https://shop.example/', { headers }), ...around), client, collector };
  }

  it('passes events to waitUntil', async () => {
    const promises: Promise<unknown>[] = [];
    const context = {
      waitUntil(promise: Promise<unknown>) {
        expect(this).toBe(context);
        promises.push(promise);
      },
    };
    const { collector } = await onWorkers({ SECRET: 'x' }, context);
    expect(promises).toHaveLength(1);
    await Promise.all(promises);
    expect(collector.events()).toMatchObject([{ identityContext: { ip: '2001:db8::7', userAgent: 'browser' } }]);
  });

  it('continues if the runtime passes nothing, or something else', async () => {
    for (const around of [[], [undefined], [null, null], ['text', 7], [{ remoteAddr: 'x', requestIP: 7 }]]) {
      const { answer, client, collector } = await onWorkers(...around);
      expect(answer.status).toBe(200);
      await client.flush();
      expect(collector.events()).toHaveLength(1);
    }
  });

  it('reports a missing handler at set-up', async () => {
    const { client } = await rig();
    expect(() => requestHandler(client, undefined as never)).toThrow('handler must be a function; got nothing');
  });
});
