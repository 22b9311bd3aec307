import { randomUUID } from 'node:crypto';
import type { Redis } from 'ioredis';
import { storedIdIn } from '../../../src/outbox/redis/head.js';
import { createRedisOutbox, type RedisLike } from '../../../src/outbox/redis/index.js';
import type { TestStore } from '../durable/contract.js';

export const redisUrl: string = process.env.REDIS_URL ?? 'redis://127.0.0.1:6379';

/** Outboxes on one name of a server, which others use as well. */
export function createRedisStore(client: RedisLike, inspector: Redis): TestStore {
  const name = `test-${randomUUID()}`;
  const stream = `{${name}}:stream`;
  const keys = (): Promise<string[]> => inspector.keys(`{${name}}:*`);
  const removeAll = async (): Promise<void> => {
    const all = await keys();
    if (all.length > 0) await inspector.del(all);
  };
  return {
    // Dropping the newest is the default, not an option.
    open: ({ whenFull: _dropsNewest, ...setup }) => createRedisOutbox({ client, name, ...setup }),
    contents: async () => JSON.stringify(await Promise.all((await keys()).map((key) => contentsOf(inspector, key)))),
    async damage(distinctId) {
      const entries = await inspector.xrange(stream, '-', '+');
      // A stream cannot be changed: another one takes its place, unread like the first.
      await inspector.del(stream);
      for (const [id, [, head, , record]] of entries as [string, [string, string, string, string]][]) {
        const kept = storedIdIn(head) === distinctId ? record.slice(0, record.length / 2) : record;
        await inspector.xadd(stream, id, 'head', head, 'record', kept);
      }
      await inspector.xgroup('CREATE', stream, 'relays', '0');
    },
    async deleteEntry(distinctId) {
      const entries = (await inspector.xrange(stream, '-', '+')) as [string, [string, string]][];
      for (const [id, [, head]] of entries) if (storedIdIn(head) === distinctId) await inspector.xdel(stream, id);
    },
    empty: removeAll,
    remove: removeAll,
  };
}

async function contentsOf(inspector: Redis, key: string): Promise<unknown> {
  switch (await inspector.type(key)) {
    case 'stream':
      return inspector.xrange(key, '-', '+');
    case 'hash':
      return inspector.hgetall(key);
    case 'zset':
      return inspector.zrange(key, '0', '-1');
    default:
      return inspector.get(key);
  }
}
