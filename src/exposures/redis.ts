import type { Exposures } from '../assignment/exposure-store.js';
import { checkOptionNames, failOption } from '../core/check-option.js';
import { fieldNames } from '../core/unknown-names.js';
import { StoreError } from '../outbox/durable/store-error.js';
import { createDriver, type Driver } from '../outbox/redis/driver.js';
import { explain } from '../outbox/redis/redis-error.js';
import type { RedisLike } from '../outbox/redis/redis-like.js';

export type { Exposures } from '../assignment/exposure-store.js';
export type { IoredisLike, NodeRedisLike, RedisLike } from '../outbox/redis/redis-like.js';

export interface RedisExposuresOptions {
  /** A client of `ioredis` or `redis`, for one server or a cluster. You connect and close it. */
  readonly client: RedisLike;
  /** The prefix of every key: `name:…`. Letters, digits and `.`, `_`, `:`, `-`. @default 'ours-exposures' */
  readonly name?: string | undefined;
}

const OPTIONS = fieldNames<RedisExposuresOptions>({ client: 1, name: 1 });
const DEFAULT_NAME = 'ours-exposures';

// Scripts work the same way on one server, a cluster and a pool, through either package. They return integers and strings, which
// no client maps to anything else.
const CLAIM = "return redis.call('SET', KEYS[1], '', 'NX', 'PX', ARGV[1]) and 1 or 0";
const REMEMBER = "redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) return 1";
/** Prefixes the value, to distinguish an empty value from none. */
const RECALL = "local value = redis.call('GET', KEYS[1]) return value and '=' .. value or ''";
/**
 * Cursor, whether to remove → the next cursor and how many keys begin with the given one. One step, because a scan of millions of
 * keys in one script would stop the server. The pattern comes from the key as the server sees it: a client may put a prefix before it.
 */
const FORGET = `
local pattern = string.gsub(KEYS[1], '[%*%?%[%]\\\\]', '\\\\%0') .. '*'
local reply = redis.call('SCAN', ARGV[1], 'MATCH', pattern, 'COUNT', 1000)
if ARGV[2] == 'remove' then
  for _, key in ipairs(reply[2]) do redis.call('UNLINK', key) end
end
return reply[1] .. ' ' .. #reply[2]`;
/** How many of a key's hex digits are the visitor's. */
const VISITOR_LENGTH = 32;

/**
 * A store of exposures in Redis, for any number of processes: `SET NX PX`. Keys expire. Losing them (a restart, a failover,
 * eviction) costs a second exposure in a session and nothing else.
 *
 * @example
 * const ours = createClient({ token, experimentToken, exposures: createRedisExposures({ client }) });
 *
 * @throws {OursError} `invalid_option`
 */
export function createRedisExposures(options: RedisExposuresOptions): Required<Exposures> {
  checkOptionNames('createRedisExposures', options, OPTIONS);
  const { client, name = DEFAULT_NAME } = options ?? {};
  if (typeof name !== 'string' || !/^[\w.:-]{1,100}$/.test(name)) {
    failOption('name must be 1–100 letters, digits and `.`, `_`, `:`, `-`.');
  }
  const driver = createDriver(client);
  // All keys of a visitor are on one node of a cluster, where one scan finds them.
  const placeOf = (key: string): string => `${name}:{${key.slice(0, VISITOR_LENGTH)}}${key.slice(VISITOR_LENGTH)}`;
  const run = (script: string, key: string, values: readonly string[]): Promise<string> =>
    evaluate(driver, script, placeOf(key), values, name);

  return {
    claim: async (key, ttlMs) => (await run(CLAIM, key, [String(ttlMs)])) === '1',
    remember: (key, value, ttlMs) => run(REMEMBER, key, [value, String(ttlMs)]),
    async recall(key) {
      const reply = await run(RECALL, key, []);
      return reply === '' ? undefined : reply.slice(1);
    },
    async forget(visitor, dryRun) {
      let count = 0;
      let cursor = '0';
      do {
        const reply = await run(FORGET, visitor, [cursor, dryRun ? 'count' : 'remove']);
        const [next, found] = reply.split(' ');
        cursor = next!;
        count += Number(found);
      } while (cursor !== '0');
      return count;
    },
  };
}

async function evaluate(
  driver: Driver,
  script: string,
  key: string,
  values: readonly string[],
  name: string,
): Promise<string> {
  if (driver.isEnded)
    throw new StoreError('the Redis client is not connected: connect it first.', { isTransient: true });
  try {
    return String(await driver.evaluate('eval', script, [key], values));
  } catch (error) {
    throw explain(error, name);
  }
}
