import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { createRedisOutbox, type DurableOutbox } from '../../../src/outbox/redis/index.js';
import { identifyEntry, idsOf, trackEntry } from '../../support/entries.js';
import { EVERYTHING, LEASE_MS, UNDELIVERED } from '../contract.js';
import { redisUrl } from './store.js';

const client = new Redis(redisUrl);
afterAll(() => client.disconnect());

const many = (count: number, first = 0) => Array.from({ length: count }, (_, index) => trackEntry(`${first + index}`));

describe('the redis outbox, after someone deletes', () => {
  let name: string;
  let now: number;
  let outbox: DurableOutbox;
  const key = (part: string): string => `{${name}}:${part}`;
  const claim = (maxEntries = 100) => outbox.claim({ ...EVERYTHING, maxEntries });

  /** Claims until nothing is left, also what was held or delayed before. */
  async function drain(): Promise<string[]> {
    const ids: string[] = [];
    for (let empty = 0; empty < 2; ) {
      const claimed = await claim();
      ids.push(...idsOf(claimed));
      await outbox.ack(claimed);
      if (claimed.length > 0) continue;
      empty += 1;
      now += Math.max(LEASE_MS, 10 * 60_000);
    }
    return ids.toSorted((a, b) => Number(a) - Number(b));
  }

  beforeEach(() => {
    name = `test-${randomUUID()}`;
    now = 1_000;
    outbox = createRedisOutbox({ client, name, now: () => now });
    onTestFinished(async () => void (await client.unlink('nothing', ...(await client.keys(`{${name}}:*`)))));
  });

  it.each(['ids', 'ends', 'identifies', 'totals', 'letters', 'letter-order'])(
    'the key of its %s, hands out every entry and takes new ones',
    async (part) => {
      await outbox.append(many(10));
      await claim(2);
      await outbox.release(await claim(2), 60_000);
      await outbox.release(await claim(2), 0);
      await client.del(key(part));
      expect((await outbox.append(many(2, 10))).dropped).toEqual([]);
      expect(await drain()).toEqual(Array.from({ length: 12 }, (_, index) => String(index)));
      expect(await outbox.stats()).toEqual({ waiting: 0, claimed: 0, bytes: 0 });
      expect(await client.hlen(key('ids'))).toBe(0);
    },
  );

  it('its ids, still knows which events are inside', async () => {
    await outbox.append(many(3));
    await client.del(key('ids'));
    expect((await outbox.append(many(3))).duplicates).toHaveLength(3);
    expect([...(await outbox.lookUp(['0', '1', '5'])).keys()]).toEqual(['0', '1']);
  });

  it('its totals, assigns greater positions than before', async () => {
    const { position } = await outbox.append(many(3));
    await client.del(key('totals'));
    expect((await outbox.append(many(1, 3))).position).toBeGreaterThan(position);
    expect((await outbox.stats()).bytes).toBe(many(4).reduce((sum, { body }) => sum + body.length, 0));
  });

  it('the group, hands out again every entry that was not settled', async () => {
    await outbox.append(many(4));
    const held = await claim(2);
    await client.xgroup('DESTROY', key('stream'), 'relays');
    await outbox.ack(held);
    expect(idsOf(await claim())).toEqual(['0', '1', '2', '3']);
    expect(await claim()).toEqual([]);
  });

  it('the group, keeps the order of a person', async () => {
    await outbox.append([identifyEntry('i', { userId: 'u' }), trackEntry('t', { userId: 'u' })]);
    await client.xgroup('DESTROY', key('stream'), 'relays');
    const [first] = await claim(1);
    expect(first?.distinctId).toBe('i');
    expect(await claim()).toEqual([]);
    await outbox.ack([first!]);
    expect(idsOf(await claim())).toEqual(['t']);
  });

  it('consumers from the group, hands out what they had', async () => {
    await outbox.append(many(6));
    await claim(2);
    await outbox.release(await claim(2), 60_000);
    await outbox.release(await claim(2), 0);
    const consumers = (await client.xinfo('CONSUMERS', key('stream'), 'relays')) as string[][];
    for (const [, consumer] of consumers) await client.xgroup('DELCONSUMER', key('stream'), 'relays', consumer!);
    expect(idsOf(await claim())).toEqual(['0', '1', '2', '3', '4', '5']);
  });

  it('entries from the stream, forgets their ids and reports that it has lost something', async () => {
    const { incarnation } = await outbox.append(many(4));
    const [first, second] = (await client.xrange(key('stream'), '-', '+')).map(([id]) => id);
    await claim(1);
    await client.xdel(key('stream'), first!, second!);
    expect(await drain()).toEqual(['2', '3']);
    expect((await outbox.append(many(1))).duplicates).toEqual([]);
    expect((await outbox.mark()).incarnation).not.toBe(incarnation);
    expect(await drain()).toEqual(['0']);
  });

  it('the stream, reports that it has lost something and starts again', async () => {
    const { incarnation } = await outbox.append([...many(2), identifyEntry('i', { userId: 'u' })]);
    await outbox.deadLetter(await claim(1), UNDELIVERED);
    await client.del(key('stream'));
    expect((await outbox.mark()).incarnation).not.toBe(incarnation);
    expect((await outbox.append([...many(2), trackEntry('t', { userId: 'u' })])).duplicates).toEqual([]);
    expect(idsOf(await claim())).toEqual(['0', '1', 't']);
    expect(await outbox.deadLetters.count()).toBe(1);
  });

  it('everything, reports that it has lost something', async () => {
    const { incarnation } = await outbox.append(many(2));
    await client.del(await client.keys(`{${name}}:*`));
    const mark = await outbox.mark();
    expect(mark.incarnation).not.toBe(incarnation);
    expect((await outbox.append(many(2))).incarnation).toBe(mark.incarnation);
  });

  it('nothing, keeps its name however its entries end', async () => {
    const { incarnation } = await outbox.append(many(5));
    await outbox.ack(await claim(2));
    await outbox.deadLetter(await claim(2), UNDELIVERED);
    await outbox.deadLetters.replay(['2']);
    await drain();
    expect(await outbox.mark()).toMatchObject({ incarnation });
    expect(await createRedisOutbox({ client, name }).mark()).toMatchObject({ incarnation });
  });
});

describe('the redis outbox on a server that has fallen back', () => {
  /** Copies of the keys, as a replica has them that its primary has not reached for a while. */
  async function copy(name: string): Promise<() => Promise<void>> {
    const keys = await client.keys(`{${name}}:*`);
    const dumps = await Promise.all(keys.map((key) => client.dumpBuffer(key)));
    return async () => {
      await client.del(await client.keys(`{${name}}:*`));
      await Promise.all(keys.map((key, index) => client.restore(key, 0, dumps[index]!)));
    };
  }

  async function opened() {
    const name = `test-${randomUUID()}`;
    onTestFinished(async () => void (await client.unlink('nothing', ...(await client.keys(`{${name}}:*`)))));
    return { name, outbox: createRedisOutbox({ client, name }), other: createRedisOutbox({ client, name }) };
  }

  it('notices that its own last append is missing', async () => {
    const { name, outbox } = await opened();
    await outbox.append(many(1));
    const fallBack = await copy(name);
    const { incarnation } = await outbox.append(many(1, 1));
    expect((await outbox.mark()).incarnation).toBe(incarnation);
    await fallBack();
    const mark = await outbox.mark();
    expect(mark.incarnation).not.toBe(incarnation);
    expect((await outbox.mark()).incarnation).toBe(mark.incarnation);
  });

  it('notices it even if others have appended more since', async () => {
    const { name, outbox, other } = await opened();
    await outbox.append(many(1));
    const fallBack = await copy(name);
    const { incarnation, position } = await outbox.append(many(1, 1));
    await fallBack();
    await other.append(many(5, 10));
    const mark = await outbox.mark();
    expect(mark.position).toBeGreaterThan(position);
    expect(mark.incarnation).not.toBe(incarnation);
  });

  it('notices it with the next append', async () => {
    const { name, outbox } = await opened();
    await outbox.append(many(1));
    const fallBack = await copy(name);
    const { incarnation } = await outbox.append(many(1, 1));
    await fallBack();
    expect((await outbox.append(many(1, 2))).incarnation).not.toBe(incarnation);
  });
});

describe('the redis outbox, when the clock of the server is set back by two hours', () => {
  it.each(['delayed', 'leased'])('hands out what is %s no later than it would have', async (what) => {
    const name = `test-${randomUUID()}`;
    let now = 100 * 3_600_000;
    const open = () => createRedisOutbox({ client, name, now: () => now });
    const [outbox, other] = [open(), open()];
    onTestFinished(async () => void (await client.unlink('nothing', ...(await client.keys(`{${name}}:*`)))));
    await outbox.append(many(3));
    const claimed = await outbox.claim({ ...EVERYTHING, leaseMs: 2_000 });
    if (what === 'delayed') await outbox.release(claimed, 2_000);
    now -= 2 * 3_600_000;
    expect(await other.claim(EVERYTHING)).toEqual([]);
    now += 1_999;
    expect(await other.claim(EVERYTHING)).toEqual([]);
    now += 1;
    expect(idsOf(await other.claim({ ...EVERYTHING, leaseMs: 5_000 }))).toEqual(['0', '1', '2']);
    // The times that people see are those of the clock itself.
    expect(await outbox.oldest()).toMatchObject({ appendedAt: 100 * 3_600_000 });
  });
});
