import { Redis } from 'ioredis';
import { createClient, RESP_TYPES } from 'redis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createRedisOutbox, type RedisLike } from '../../../src/outbox/redis/index.js';
import { idsOf, trackEntry } from '../../support/entries.js';
import { EVERYTHING, UNDELIVERED } from '../contract.js';
import { createRedisStore, redisUrl } from './store.js';

async function nodeRedis(options: object): Promise<RedisLike> {
  const client = createClient({ url: redisUrl, ...options });
  await client.connect();
  onTestFinished(() => client.destroy());
  return client as unknown as RedisLike;
}

function ioredis(options: object): RedisLike {
  const client = new Redis(redisUrl, options);
  onTestFinished(() => client.disconnect());
  return client;
}

const buffers = { [RESP_TYPES.BLOB_STRING]: Buffer };
const strings = { [RESP_TYPES.NUMBER]: String };

const clients: [string, () => RedisLike | Promise<RedisLike>][] = [
  ['strings as buffers', () => nodeRedis({ commandOptions: { typeMapping: buffers } })],
  ['strings as buffers, in RESP 3', () => nodeRedis({ RESP: 3, commandOptions: { typeMapping: buffers } })],
  ['numbers as strings', () => nodeRedis({ commandOptions: { typeMapping: strings } })],
  [
    'numbers as bigints',
    () => nodeRedis({ RESP: 3, commandOptions: { typeMapping: { [RESP_TYPES.NUMBER]: BigInt } } }),
  ],
  ['numbers as strings (ioredis)', () => ioredis({ stringNumbers: true })],
  [
    'everything as buffers (ioredis)',
    () => {
      const client = ioredis({}) as Redis;
      return { call: (command: string, args: string[]) => client.callBuffer(command, args) };
    },
  ],
];

describe('the redis outbox with a client that returns', () => {
  it.each(clients)('%s does everything', async (_, connect) => {
    const inspector = new Redis(redisUrl);
    const store = createRedisStore(await connect(), inspector);
    onTestFinished(async () => {
      await store.remove();
      inspector.disconnect();
    });
    const outbox = await store.open({ now: () => 1_000 });
    const ids = ['a', 'b', 'ü-日本', 'd'];
    const appended = await outbox.append(ids.map((id) => trackEntry(id)));
    expect(appended).toMatchObject({ position: 4, dropped: [], duplicates: [] });
    expect((await outbox.append([trackEntry('b')])).duplicates).toHaveLength(1);
    expect(await outbox.oldest()).toEqual({ position: 1, appendedAt: 1_000 });
    expect(await outbox.mark()).toEqual({ position: 4, incarnation: appended.incarnation });

    const claimed = await outbox.claim(EVERYTHING);
    expect(idsOf(claimed)).toEqual(ids);
    expect(await outbox.stats()).toMatchObject({ waiting: 0, claimed: 4 });
    await outbox.ack(claimed.slice(0, 1));
    await outbox.deadLetter(claimed.slice(1, 3), UNDELIVERED);
    await outbox.release(claimed.slice(3), 0);
    expect(Object.fromEntries(await outbox.lookUp(ids))).toEqual({
      b: UNDELIVERED,
      'ü-日本': UNDELIVERED,
      d: 'inside',
    });
    expect(await outbox.deadLetters.count()).toBe(2);
    expect((await outbox.deadLetters.list({ limit: 9 })).map(({ distinctId }) => distinctId)).toEqual(['b', 'ü-日本']);
    expect(await outbox.deadLetters.get('ü-日本')).toMatchObject({ outcome: UNDELIVERED, at: 1_000 });
    expect(await outbox.deadLetters.get('missing')).toBeUndefined();
    expect(await outbox.deadLetters.replay(['b'])).toBe(1);
    expect(await outbox.deadLetters.discard(['ü-日本'])).toBe(1);
    expect(idsOf(await outbox.claim(EVERYTHING))).toEqual(['d', 'b']);
  });

  it('nothing that the outbox knows is refused with a message that says so', async () => {
    const outbox = createRedisOutbox({ client: { call: async () => 'OK' } });
    await expect(outbox.append([trackEntry('a')])).rejects.toThrow(/form that the outbox does not support/);
  });
});
