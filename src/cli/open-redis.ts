import type { Redis } from 'ioredis';
import { DEFAULT_NAME, keysOf } from '../outbox/redis/keys.js';
import { messageOf } from './command.js';
import { type OpenOptions, type OpenOutbox, showableUrl } from './open-outbox.js';

/** Shorter than the timeout of the outbox, so that a second attempt is possible. */
const TIMEOUT_MS = 4_000;

/** A client that a command has created, not connected yet. */
export interface RedisClient {
  readonly client: Redis;
  /** The URL without credentials. */
  readonly shown: string;
  /** The last error of the connection, which says more than that of the command that failed. */
  lastError(): unknown;
}

/** @throws UsageError for an invalid URL, naming the option that it came from */
export async function createRedisClient(option: string, url: string): Promise<RedisClient> {
  const shown = showableUrl(option, url, ['redis:', 'rediss:'], 'redis://127.0.0.1:6379');
  const { default: ioredis } = await import('ioredis');
  const client = new ioredis.Redis(url, {
    lazyConnect: true,
    connectionName: 'ours-ingest',
    connectTimeout: TIMEOUT_MS,
    // Replaces a connection that has not answered for this long.
    socketTimeout: TIMEOUT_MS,
    keepAlive: 10_000,
    // After a failover, this connection still leads to the old primary, and a new one leads to the new primary.
    reconnectOnError: ({ message }) => message.includes('READONLY'),
  });
  // The failing command reports it. Without a listener the driver would also write it to the console.
  let lastError: unknown;
  client.on('error', (error: unknown) => {
    lastError = error;
  });
  return { client, shown, lastError: () => lastError };
}

/** @throws {Error} when Redis cannot be reached or refuses the login, or when the outbox does not exist and must not be created */
export async function openRedis(
  url: string,
  { place: name, sealingKeys, acceptUnsealed, create }: OpenOptions,
): Promise<OpenOutbox> {
  const [{ client, shown, lastError }, { createRedisOutbox }] = await Promise.all([
    createRedisClient('--redis', url),
    import('../outbox/redis/index.js'),
  ]);
  const describe = `Redis at ${shown}${name === undefined ? '' : ` (name ${name})`}`;
  const outbox = createRedisOutbox({ client, name, sealingKeys, acceptUnsealed });
  const close = async (): Promise<void> => {
    await outbox.close().catch(() => undefined);
    client.disconnect();
  };
  try {
    await client.connect();
    if (!create) await mustExist(client, name);
    await outbox.oldest();
  } catch (error) {
    await close();
    throw new Error(`${describe} cannot be used: ${messageOf(lastError() ?? error)}`, { cause: error });
  }
  return { outbox, describe, close, redis: client };
}

/** A used outbox always has its stream, even when it is empty. Any other operation would create one. */
async function mustExist(client: { exists(keys: string[]): Promise<number> }, name = DEFAULT_NAME): Promise<void> {
  if ((await client.exists([...keysOf(name).shared])) > 0) return;
  throw new Error(`there is no outbox ${name}: no event was stored in it yet, or --name is wrong.`);
}
