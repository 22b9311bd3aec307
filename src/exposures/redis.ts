import type { Exposures } from '../assignment/exposure-store.js';
import { checkOptionNames, failOption } from '../core/check-option.js';
import { fieldNames } from '../core/unknown-names.js';
import { createDriver, type Driver } from '../outbox/redis/driver.js';
import { RedisOutboxError, toRedisOutboxError } from '../outbox/redis/redis-error.js';
import type { RedisLike } from '../outbox/redis/redis-like.js';

export type { Exposures } from '../assignment/exposure-store.js';
export type { IoredisLike, NodeRedisLike, RedisLike } from '../outbox/redis/redis-like.js';

export interface RedisExposuresOptions {
  /** Of the package `ioredis` or `redis`, for one server or a cluster; connected and closed by you. */
  readonly client: RedisLike;
  /** In front of every key: `name:…`. Letters, digits and `.`, `_`, `:`, `-`. @default 'ours-exposures' */
  readonly name?: string | undefined;
}

const OPTIONS = fieldNames<RedisExposuresOptions>({ client: 1, name: 1 });
const DEFAULT_NAME = 'ours-exposures';

// Scripts reach one server, a cluster and a pool in the same way through either package. Their answers are integers and strings
// that no client maps to anything else.
const CLAIM = "return redis.call('SET', KEYS[1], '', 'NX', 'PX', ARGV[1]) and 1 or 0";
const REMEMBER = "redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) return 1";
/** An answer in front of the value, so that no value and an empty one differ. */
const RECALL = "local value = redis.call('GET', KEYS[1]) return value and '=' .. value or ''";

/**
 * A store of exposures in Redis, for any number of processes: `SET NX PX`. Keys expire by themselves; losing them (a restart,
 * a failover, eviction) costs a second exposure in a session and nothing else.
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
  const run = (script: string, key: string, values: readonly string[]): Promise<string> =>
    evaluate(driver, script, `${name}:${key}`, values, name);

  return {
    claim: async (key, ttlMs) => (await run(CLAIM, key, [String(ttlMs)])) === '1',
    remember: (key, value, ttlMs) => run(REMEMBER, key, [value, String(ttlMs)]),
    async recall(key) {
      const reply = await run(RECALL, key, []);
      return reply === '' ? undefined : reply.slice(1);
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
  if (driver.isEnded) throw new RedisOutboxError('the Redis client is not connected: connect it first.', true);
  try {
    return String(await driver.evaluate('eval', script, [key], values));
  } catch (error) {
    throw toRedisOutboxError(error, name);
  }
}
