import { checkOptionNames, failOption, readLimit } from '../../core/check-option.js';
import type { SecretKey } from '../../core/secret-key.js';
import { fieldNames } from '../../core/unknown-names.js';
import { enableSharedTracker } from '../../tracking/create-shared-tracker.js';
import { EntryCodec } from '../durable/entry-codec.js';
import type { DurableOutbox } from '../outbox.js';
import { Connection } from './connection.js';
import { DEFAULT_NAME } from './keys.js';
import { RedisOutbox } from './outbox.js';
import type { RedisLike } from './redis-like.js';

export type { Undelivered } from '../../core/outcome.js';
export type { SecretKey as SealingKey } from '../../core/secret-key.js';
export type { Entry } from '../../protocol/event.js';
export type { Appended, DurablyAppended, StoreMark } from '../../tracking/polled-outbox.js';
export type {
  AppendFailure,
  ClaimOptions,
  DeadLetter,
  DeadLetters,
  DurableOutbox,
  ForgetOptions,
  Forgotten,
  OutboxStats,
} from '../outbox.js';
export type { IoredisLike, NodeRedisLike, RedisLike } from './redis-like.js';

export interface RedisOutboxOptions {
  /**
   * A client of `ioredis` or `redis`, for one server or a cluster. You connect it, and close it after the outbox. While it does
   * not respond, the outbox uses a duplicate.
   */
  readonly client: RedisLike;
  /** The outbox's name; its keys are `{name}:…`. Letters, digits and `.`, `_`, `:`, `-`. @default 'ours-outbox' */
  readonly name?: string | undefined;
  /**
   * Keys that seal stored events with AES-256-GCM. The first key seals, all keys open: to rotate, put the new key first.
   * @default nothing is sealed
   */
  readonly sealingKeys?: readonly SecretKey[] | undefined;
  /** Whether unsealed entries are delivered although there are keys, while you introduce sealing. @default false */
  readonly acceptUnsealed?: boolean | undefined;
  /** Maximum entries, claimed ones included; when full, new entries are dropped. @default limited by Redis's memory */
  readonly maxQueueSize?: number | undefined;
  /** Maximum UTF-8 bytes of all entries. @default limited by Redis's memory */
  readonly maxQueueBytes?: number | undefined;
  /** The clock for leases and delays, in milliseconds; the same in every process. @default the Redis server's clock */
  readonly now?: (() => number) | undefined;
}

const OPTIONS = fieldNames<RedisOutboxOptions>({
  client: 1,
  name: 1,
  sealingKeys: 1,
  acceptUnsealed: 1,
  maxQueueSize: 1,
  maxQueueBytes: 1,
  now: 1,
});

/**
 * An outbox in Redis 6.2 or later, for any number of processes: some append, some relay, some do both. Appended events are as
 * safe as the server: set `appendfsync` to `everysec` or `always`, and `maxmemory-policy` to `noeviction`.
 *
 * @example
 * const client = new Redis(process.env.REDIS_URL);
 * const ours = createClient({ token, outbox: createRedisOutbox({ client }) });
 *
 * @throws {OursError} `invalid_option`
 */
export function createRedisOutbox(options: RedisOutboxOptions): DurableOutbox {
  checkOptionNames('createRedisOutbox', options, OPTIONS);
  enableSharedTracker();
  const { client, name = DEFAULT_NAME, now } = options ?? {};
  if (typeof name !== 'string' || !/^[\w.:-]{1,100}$/.test(name)) {
    failOption('name must be 1–100 letters, digits and `.`, `_`, `:`, `-`.');
  }
  return new RedisOutbox({
    connection: new Connection(client, name, () => (now === undefined ? '' : String(now()))),
    codec: new EntryCodec(options),
    maxQueueSize: readLimit('maxQueueSize', options.maxQueueSize),
    maxQueueBytes: readLimit('maxQueueBytes', options.maxQueueBytes),
  });
}
