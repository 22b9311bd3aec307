import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createRedisOutbox, type DurableOutbox, type RedisOutboxOptions } from '../../../src/outbox/redis/index.js';
import type { Entry } from '../../../src/protocol/event.js';
import { identifyEntry, idsOf, trackEntry } from '../../support/entries.js';
import { EVERYTHING, LEASE_MS, UNDELIVERED } from '../contract.js';
import { redisUrl } from './store.js';

/** A limit for what hangs: how long it takes depends on the machine. */
const LIMIT_MS = 60_000;

const client = new Redis(redisUrl);
afterAll(() => client.disconnect());

const many = (count: number, first = 0) => Array.from({ length: count }, (_, index) => trackEntry(`${first + index}`));

/** What it throws for such options. */
function optionError(options: object): unknown {
  try {
    createRedisOutbox({ client, ...options } as RedisOutboxOptions);
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('the redis outbox', () => {
  let name: string;
  let now: number;
  let outbox: DurableOutbox;
  const key = (part: string): string => `{${name}}:${part}`;

  beforeEach(() => {
    name = `test-${randomUUID()}`;
    now = 0;
    outbox = createRedisOutbox({ client, name, now: () => now });
    onTestFinished(async () => {
      const keys = await client.keys(`*{${name}}:*`);
      if (keys.length > 0) await client.del(keys);
    });
  });

  it('never trims what is not settled, and keeps nothing of what is', async () => {
    for (let first = 0; first < 20_000; first += 1_000) await outbox.append(many(1_000, first));
    expect(await client.xlen(key('stream'))).toBe(20_000);
    for (let left = 20_000; left > 0; left -= 1_000) {
      await outbox.ack(await outbox.claim({ ...EVERYTHING, maxEntries: 1_000 }));
      expect(await client.xlen(key('stream'))).toBe(left - 1_000);
    }
    expect(await client.hlen(key('ids'))).toBe(0);
    expect(await client.zcard(key('ends'))).toBe(0);
  });

  it('leaves no consumer behind in the group, however the claims have ended', async () => {
    await outbox.append([...many(30), identifyEntry('i', { userId: 'u' })]);
    const claim = () => outbox.claim({ ...EVERYTHING, maxEntries: 5 });
    const [acked, released, delayed, buried] = [await claim(), await claim(), await claim(), await claim()];
    await claim();
    await outbox.ack(acked);
    await outbox.release(released, 0);
    await outbox.release(delayed, 1_000);
    await outbox.deadLetter(buried, UNDELIVERED);
    now += LEASE_MS;
    await outbox.ack(await outbox.claim(EVERYTHING));
    expect(await outbox.claim(EVERYTHING)).toEqual([]);
    const consumers = (await client.xinfo('CONSUMERS', key('stream'), 'relays')) as string[][];
    expect(consumers.map(([, consumer]) => consumer)).toEqual(['waiting']);
    expect(await client.zcard(key('identifies'))).toBe(0);
  });

  it('reads no more than fits, so that large events are not moved about on every claim', async () => {
    const large = many(50).map((entry) => ({ ...entry, body: Buffer.alloc(10_000, '1') }));
    await outbox.append(large);
    expect(await outbox.claim({ ...EVERYTHING, maxEntries: 50, maxBytes: 50_000 })).toHaveLength(4);
    const [summary] = (await client.xinfo('GROUPS', key('stream'))) as (string | number)[][];
    expect(summary![summary!.indexOf('pending') + 1]).toBeLessThanOrEqual(5);
  });

  it('settles an entry once that is named twice', async () => {
    await outbox.append(many(3));
    const claimed = await outbox.claim(EVERYTHING);
    await outbox.ack([claimed[0]!, claimed[0]!]);
    await outbox.deadLetter([claimed[1]!, claimed[1]!], UNDELIVERED);
    await outbox.ack([claimed[2]!]);
    expect(await outbox.stats()).toEqual({ waiting: 0, claimed: 0, bytes: 0 });
  });

  it('tells ids apart that Redis could not hold as they are', async () => {
    const ids = ['\ud800', '\udfff', '\ufffd', '\\ud800', 'a\0b', 'a b c'];
    await outbox.append(ids.map((id) => trackEntry(id, {})));
    expect((await outbox.append(ids.map((id) => trackEntry(id, {})))).duplicates).toHaveLength(ids.length);
    expect([...(await outbox.lookUp(ids)).keys()]).toEqual(ids);
    const claimed = await outbox.claim(EVERYTHING);
    expect(idsOf(claimed)).toEqual(ids);
    await outbox.deadLetter(claimed, UNDELIVERED);
    expect((await outbox.deadLetters.list({ limit: 9 })).map(({ distinctId }) => distinctId)).toEqual(ids);
    expect(await outbox.deadLetters.get('\ud800')).toMatchObject({ distinctId: '\ud800' });
    expect(await outbox.deadLetters.replay(ids.slice(0, 3))).toBe(3);
    expect(await outbox.deadLetters.discard(ids)).toBe(3);
  });

  it('settles entries of several claims together', async () => {
    await outbox.append(many(4));
    const claim = () => outbox.claim({ ...EVERYTHING, maxEntries: 2 });
    await outbox.ack([...(await claim()), ...(await claim())].reverse());
    expect(await outbox.stats()).toEqual({ waiting: 0, claimed: 0, bytes: 0 });
  });

  it('goes by the clock of the server unless told otherwise', async () => {
    const own = createRedisOutbox({ client, name });
    const time = async (): Promise<number> => Number((await client.time())[0]) * 1_000;
    const before = await time();
    await own.append(many(1));
    const { appendedAt } = (await own.oldest())!;
    expect(appendedAt).toBeGreaterThanOrEqual(before);
    expect(appendedAt).toBeLessThan((await time()) + 1_000);
    expect(idsOf(await own.claim({ ...EVERYTHING, leaseMs: 0 }))).toEqual(['0']);
    expect(idsOf(await own.claim({ ...EVERYTHING, leaseMs: 60_000 }))).toEqual(['0']);
    expect(await own.claim(EVERYTHING)).toEqual([]);
  });

  it('keeps its order when the clock is set back', async () => {
    now = 5_000;
    await outbox.append(many(2));
    now = 1_000;
    await outbox.append(many(2, 2));
    expect(idsOf(await outbox.claim(EVERYTHING))).toEqual(['0', '1', '2', '3']);
  });

  it('keeps outboxes of different names apart', async () => {
    const other = createRedisOutbox({ client, name: `${name}.2`, now: () => now });
    onTestFinished(async () => void (await client.del(await client.keys(`{${name}.2}:*`))));
    await outbox.append(many(1));
    await other.append(many(2));
    expect(idsOf(await outbox.claim(EVERYTHING))).toEqual(['0']);
    expect(idsOf(await other.claim(EVERYTHING))).toEqual(['0', '1']);
  });

  it('uses the key prefix of a client that has one', async () => {
    const prefixed = new Redis(redisUrl, { keyPrefix: 'prefix:' });
    onTestFinished(() => prefixed.disconnect());
    await createRedisOutbox({ client: prefixed, name }).append(many(1));
    expect(await client.exists(`prefix:${key('stream')}`, key('stream'))).toBe(1);
  });

  it('moves foreign entries of the stream to the dead letters', async () => {
    await outbox.append([identifyEntry('i', { userId: 'u' })]);
    await client.xadd(key('stream'), '9-9', 'hello', 'world');
    now = 10;
    await outbox.append(many(1));
    await expect(outbox.claim(EVERYTHING)).rejects.toThrow(/1 event in .* cannot be read .*dead letters/);
    expect(idsOf(await outbox.claim(EVERYTHING))).toEqual(['i', '0']);
    expect(await outbox.deadLetters.list({ limit: 9 })).toMatchObject([
      { distinctId: '9-9', outcome: { status: 'rejected', code: 'unreadable' }, entry: undefined },
    ]);
  });

  it.each(['stream', 'ids', 'ends', 'identifies', 'totals', 'letters', 'letter-order'])(
    'takes nothing and says what to do when the key of its %s holds something else',
    async (part) => {
      await outbox.append(many(1));
      const claimed = await outbox.claim(EVERYTHING);
      await client.rename(key(part), key('kept')).catch(() => undefined);
      await client.set(key(part), 'something else');
      const advice = new RegExp(`\\{${name}\\}:\\* has another type: give the outbox another name`);
      await expect(outbox.append(many(1, 1))).rejects.toThrow(advice);
      await expect(outbox.claim(EVERYTHING)).rejects.toThrow(advice);
      await expect(outbox.ack(claimed)).rejects.toThrow(advice);
      await expect(outbox.stats()).rejects.toThrow(advice);
      await client.del(key(part));
      await client.rename(key('kept'), key(part)).catch(() => undefined);
      expect(await outbox.stats()).toMatchObject({ waiting: 0, claimed: 1 });
      await outbox.ack(claimed);
      await outbox.append(many(1, 1));
      expect(idsOf(await outbox.claim(EVERYTHING))).toEqual(['1']);
    },
  );
});

describe('the redis outbox when an answer is lost', () => {
  async function losing() {
    const name = `test-${randomUUID()}`;
    let losses = 0;
    let isLostBefore = false;
    const sent: string[][] = [];
    const unreliable = {
      async call(command: string, args: string[]): Promise<unknown> {
        if (losses > 0 && isLostBefore) throw new Error('write EPIPE');
        const answer = await client.call(command, args);
        sent.push(args);
        if (losses === 0) return answer;
        losses -= 1;
        throw new Error('read ECONNRESET');
      },
    };
    // Once, so that the scripts are there.
    const other = createRedisOutbox({ client, name, now: () => 0 });
    await other.append([trackEntry('first')]);
    await other.ack(await other.claim(EVERYTHING));
    onTestFinished(async () => void (await client.del(await client.keys(`{${name}}:*`))));
    return {
      outbox: createRedisOutbox({ client: unreliable, name, now: () => 0 }),
      other,
      sent,
      loseAnswers: (count: number, when?: 'before') => {
        losses = count;
        isLostBefore = when === 'before';
      },
    };
  }

  it('stores the events of an append once, though they were delivered before it was sent again', async () => {
    const { outbox, other, loseAnswers } = await losing();
    loseAnswers(1);
    const append = outbox.append(many(3));
    const delivered = await vi.waitUntil(async () => {
      const claimed = await other.claim(EVERYTHING);
      return claimed.length > 0 && claimed;
    }, LIMIT_MS);
    await other.ack(delivered);
    expect(await append).toMatchObject({ dropped: [], duplicates: [] });
    expect(await other.stats()).toMatchObject({ waiting: 0, claimed: 0 });
  });

  it('stores nothing when an append arrives that was answered long ago', async () => {
    const { outbox, other, sent } = await losing();
    await outbox.append(many(3));
    await outbox.append(many(3, 3));
    await other.ack(await other.claim(EVERYTHING));
    for (const args of sent) await client.call('evalsha', args);
    expect(await other.stats()).toMatchObject({ waiting: 0, claimed: 0 });
  });

  it('gets the entries of the lost claim at once, and no other process gets them', async () => {
    const { outbox, other, loseAnswers } = await losing();
    await outbox.append(many(5));
    loseAnswers(1);
    await expect(outbox.claim({ ...EVERYTHING, maxEntries: 3 })).rejects.toThrow(/connection to Redis failed/);
    expect(idsOf(await other.claim(EVERYTHING))).toEqual(['3', '4']);
    expect(idsOf(await outbox.claim({ ...EVERYTHING, maxEntries: 3 }))).toEqual(['0', '1', '2']);
    expect(await outbox.claim({ ...EVERYTHING, maxEntries: 3 })).toEqual([]);
  });

  it('has at once what the claim took, also when it asks for less now', async () => {
    const { outbox, loseAnswers } = await losing();
    await outbox.append(many(5));
    loseAnswers(1);
    await expect(outbox.claim(EVERYTHING)).rejects.toThrow(/connection to Redis failed/);
    const one = () => outbox.claim({ ...EVERYTHING, maxEntries: 1 });
    expect([...idsOf(await one()), ...idsOf(await one())]).toEqual(['0', '1']);
  });

  it('hands out again what it could not release', async () => {
    // As fast as the server's clock, which is real, and ahead of it where the test sets it.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'], shouldAdvanceTime: true });
    onTestFinished(() => void vi.useRealTimers());
    const { outbox, other, loseAnswers } = await losing();
    await outbox.append(many(3));
    const claimed = await outbox.claim(EVERYTHING);
    loseAnswers(Number.POSITIVE_INFINITY, 'before');
    const release = expect(outbox.release(claimed, 60_000)).rejects.toThrow(/connection to Redis failed/);
    await vi.advanceTimersByTimeAsync(15_000);
    await release;
    loseAnswers(0);
    expect(await other.claim(EVERYTHING)).toEqual([]);
    expect(idsOf(await outbox.claim(EVERYTHING))).toEqual(['0', '1', '2']);
  });

  it.each(['ack', 'release', 'deadLetter'] as const)('settles it again, which is settled once (%s)', async (settle) => {
    const { outbox, loseAnswers } = await losing();
    await outbox.append(many(2));
    const claimed = (await outbox.claim(EVERYTHING)) as Entry[];
    loseAnswers(1);
    await outbox[settle](claimed, 0 as never);
    const before = await outbox.stats();
    await outbox[settle](claimed, 0 as never);
    expect(await outbox.stats()).toEqual(before);
    expect(before.claimed).toBe(0);
  });
});

describe('the redis outbox with a client that never answers', () => {
  it('gives up on each command after four seconds', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const outbox = createRedisOutbox({ client: { call: () => new Promise(() => {}) } });
    const claimed = expect(outbox.claim(EVERYTHING)).rejects.toThrow(/no reply within 4 seconds/);
    await vi.advanceTimersByTimeAsync(4_000);
    await claimed;
  });
});

describe('the options of the redis outbox', () => {
  it.each([
    ['a name with braces, which would take the keys apart', { name: 'a{b}' }, /name must be/],
    ['an empty name', { name: '' }, /name must be/],
    ['no entries at all', { maxQueueSize: 0 }, /maxQueueSize must be a positive integer; got 0/],
    ['bytes as a text', { maxQueueBytes: '5' }, /maxQueueBytes must be a positive integer; got string/],
    ['a key that is too short', { sealingKeys: ['abc'] }, /32 bytes/],
    ['a URL in place of a client', { client: 'redis://127.0.0.1' }, /client must be a client of the package/],
    ['no client', { client: undefined }, /client must be a client of the package/],
  ])('refuse %s', (_, options, message) => {
    expect(optionError(options)).toMatchObject({ code: 'invalid_option', message: expect.stringMatching(message) });
  });
});
