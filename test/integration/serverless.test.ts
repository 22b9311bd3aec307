import { describe, expect, it, onTestFinished } from 'vitest';
import { webPlatform } from '../../src/runtime/platform-web.js';
import { arrived, rig, trackMany } from '../support/client.js';

const VERCEL_CONTEXT = Symbol.for('@vercel/request-context');
const HOUR_MS = 3_600_000;

/** Puts Vercel's request context in place, as its runtimes do. */
function onVercel(context: object | null | undefined): void {
  const holder = globalThis as Record<symbol, unknown>;
  holder[VERCEL_CONTEXT] = { get: () => context };
  onTestFinished(() => {
    delete holder[VERCEL_CONTEXT];
  });
}

describe('on a host that freezes what has answered', () => {
  it('hands waitUntil one promise a tick, which covers every event of that tick', async () => {
    const promises: Promise<unknown>[] = [];
    const { client, collector } = await rig({
      flushIntervalMs: HOUR_MS,
      waitUntil: (promise) => void promises.push(promise),
    });
    trackMany(client, 10);
    client.identify({ userId: 'v', userProperties: { city: 'Bern' } });
    expect(promises, 'within the call, while the request is still open').toHaveLength(1);
    await Promise.all(promises);
    expect(arrived(collector)).toHaveLength(11);
    expect(collector.requests).toBe(2);

    trackMany(client, 5, 'next tick ');
    expect(promises).toHaveLength(2);
    await promises[1];
    expect(arrived(collector)).toHaveLength(16);
  });

  it('does not fail waitUntil’s promise when the service fails', async () => {
    const promises: Promise<unknown>[] = [];
    const { client, collector } = await rig({ waitUntil: (promise) => void promises.push(promise) });
    collector.faults.next({ kind: 'status', status: 500 }, { kind: 'status', status: 400 });
    trackMany(client, 1);
    await expect(Promise.all(promises)).resolves.toBeDefined();
  });

  it('finds Vercel’s waitUntil automatically, for each request', async () => {
    const { client, collector, warnings } = await rig({ flushIntervalMs: HOUR_MS, platform: { env: { VERCEL: '1' } } });
    for (const request of [1, 2]) {
      const promises: Promise<unknown>[] = [];
      onVercel({ waitUntil: (promise: Promise<unknown>) => void promises.push(promise) });
      trackMany(client, 3, `request ${request} `);
      expect(promises).toHaveLength(1);
      await Promise.all(promises);
      expect(arrived(collector)).toHaveLength(3 * request);
    }
    expect(warnings).toEqual([]);
  });

  it('takes a context of null for none', async () => {
    const { client, warnings } = await rig();
    onVercel(null);
    trackMany(client, 1);
    expect(await client.flush()).toMatchObject({ delivered: 1 });
    expect(warnings).toEqual([]);
  });

  it('calls Vercel’s waitUntil on its own context', async () => {
    const { client } = await rig();
    const context = {
      promises: [] as Promise<unknown>[],
      waitUntil(promise: Promise<unknown>) {
        this.promises.push(promise);
      },
    };
    onVercel(context);
    trackMany(client, 1);
    expect(context.promises).toHaveLength(1);
    await Promise.all(context.promises);
  });

  it('prefers the waitUntil it was given', async () => {
    let given = 0;
    const { client } = await rig({ waitUntil: () => void given++ });
    onVercel({ waitUntil: () => expect.unreachable() });
    trackMany(client, 1);
    expect(given).toBe(1);
  });

  it.each([
    ['AWS Lambda', { AWS_LAMBDA_FUNCTION_NAME: 'shop' }],
    ['Vercel', { VERCEL: '1' }],
    ['Netlify', { NETLIFY: 'true' }],
    ['Azure Functions', { FUNCTIONS_WORKER_RUNTIME: 'node' }],
    ['Google Cloud Functions', { FUNCTION_TARGET: 'shop' }],
  ])('says once on %s that there is no waitUntil', async (name, env) => {
    const { client, collector, warnings } = await rig({ platform: { env } });
    for (let round = 0; round < 3; round++) {
      trackMany(client, 2, `round ${round} `);
      await client.flush();
    }
    expect(warnings).toEqual([expect.stringMatching(new RegExp(`${name} without waitUntil.*client\\.flush\\(\\)`))]);
    expect(arrived(collector)).toHaveLength(6);
  });

  it('does not advise on Workers to flush what another request may have begun', async () => {
    const { waitUntilAdvice: remedy } = webPlatform;
    const { client, warnings } = await rig({
      platform: { serverlessHost: () => 'Cloudflare Workers', waitUntilAdvice: remedy },
    });
    trackMany(client, 1);
    expect(warnings).toEqual([expect.stringMatching(/Cloudflare Workers without waitUntil.*adapter.*of each request/)]);
    expect(warnings[0]).not.toContain('flush');
  });

  it('says nothing on other hosts', async () => {
    const { client, warnings } = await rig();
    trackMany(client, 1);
    await client.flush();
    expect(warnings).toEqual([]);
  });

  it('delivers all the same when waitUntil throws, and says so once', async () => {
    const { client, collector, warnings } = await rig({
      waitUntil: () => {
        throw new Error('outside of a request');
      },
    });
    for (let round = 0; round < 3; round++) {
      trackMany(client, 1, `round ${round} `);
      await client.flush();
    }
    expect(arrived(collector)).toHaveLength(3);
    expect(warnings).toEqual([expect.stringContaining('waitUntil threw')]);
  });

  it('asks for nothing to wait for when nothing will be sent', async () => {
    let asked = 0;
    const { client } = await rig({ waitUntil: () => void asked++ });
    client.track({ event: 'nobody' } as never);
    expect(asked).toBe(0);
  });
});
