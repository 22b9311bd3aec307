import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { createRedisOutbox, type RedisLike } from '../../../src/outbox/redis/index.js';
import type { Entry } from '../../../src/protocol/event.js';
import { idsOf, trackEntry } from '../../support/entries.js';
import { EVERYTHING, LEASE_MS } from '../contract.js';
import { cutConnections } from '../postgres/cut-connections.js';
import { redisUrl } from './store.js';

const server = new URL(redisUrl);
const inspector = new Redis(redisUrl);
afterAll(() => inspector.disconnect());

/** Both come back at once. What a connection complains about is left to the commands. */
const clients: [string, (port: number) => Promise<RedisLike>][] = [
  [
    'ioredis',
    async (port) => {
      const client = new Redis({ port, retryStrategy: () => 1, maxRetriesPerRequest: null });
      client.on('error', () => undefined);
      onTestFinished(() => client.disconnect());
      return client;
    },
  ],
  [
    'node-redis',
    async (port) => {
      const client = createClient({ socket: { port, host: '127.0.0.1', reconnectStrategy: () => 1 } });
      client.on('error', () => undefined);
      await client.connect();
      onTestFinished(() => client.destroy());
      return client;
    },
  ],
];

async function untilDone<Result>(attempt: () => Promise<Result>): Promise<Result> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      expect(error).toMatchObject({ code: 'store_failed', isTransient: true });
      await new Promise(setImmediate);
    }
  }
}

describe('the redis outbox over connections that break', () => {
  it.each(clients)('hands out every confirmed event, and each once (%s)', async (_, connect) => {
    const cutter = await cutConnections(Number(server.port || 6379), 0.03);
    onTestFinished(() => cutter.close());
    const name = `test-${randomUUID()}`;
    onTestFinished(async () => void (await inspector.unlink('nothing', ...(await inspector.keys(`{${name}}:*`)))));
    let now = 0;
    const open = async () => createRedisOutbox({ client: await connect(cutter.port), name, now: () => now });
    const handles = [await open(), await open()];

    const confirmed: string[] = [];
    const handedOut: string[] = [];
    const COUNT = 1_000;
    const append = async (first: number): Promise<void> => {
      for (let at = first; at < first + COUNT; at += 5) {
        const entries = [0, 1, 2, 3, 4].map((more) => trackEntry(String(at + more)));
        await handles[0]!.append(entries);
        confirmed.push(...idsOf(entries));
      }
    };
    const settle = async (entries: readonly Entry[], by: (typeof handles)[0]): Promise<void> => {
      handedOut.push(...idsOf(entries));
      await untilDone(() => by.ack(entries));
    };
    let isFilling = true;
    const work = async (by: (typeof handles)[0]): Promise<void> => {
      while (isFilling) await settle(await untilDone(() => by.claim({ ...EVERYTHING, maxEntries: 7 })), by);
    };
    const fill = async (): Promise<void> => {
      await Promise.all([append(0), append(COUNT)]);
      isFilling = false;
    };
    await Promise.all([fill(), ...handles.flatMap((handle) => [work(handle), work(handle)])]);

    cutter.calm();
    const last = createRedisOutbox({ client: inspector, name, now: () => now });
    await settle(await last.claim(EVERYTHING), last);
    // What a claim holds whose answer came nowhere.
    now += LEASE_MS;
    await settle(await last.claim(EVERYTHING), last);
    expect(cutter.cuts).toBeGreaterThan(10);
    expect(confirmed).toHaveLength(2 * COUNT);
    expect(handedOut.toSorted()).toEqual(confirmed.toSorted());
    expect(await last.stats()).toEqual({ waiting: 0, claimed: 0, bytes: 0 });
  });
});
