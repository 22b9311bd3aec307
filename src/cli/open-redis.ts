import { DEFAULT_NAME, keysOf } from '../outbox/redis/keys.js';
import { messageOf } from './message-of.js';
import type { OpenOptions, OpenOutbox } from './outbox-option.js';
import { showableUrl } from './store-url.js';

/** Shorter than the outbox waits for an answer, so that a second attempt has its turn. */
const SILENCE_MS = 4_000;

/** @throws {Error} when Redis cannot be reached, lets nobody in, or has no such outbox and none may be made */
export async function openRedis(
  url: string,
  { place: name, sealingKeys, acceptUnsealed, create }: OpenOptions,
): Promise<OpenOutbox> {
  const shown = showableUrl('--redis', url, ['redis:', 'rediss:'], 'redis://127.0.0.1:6379');
  const describe = `Redis at ${shown}${name === undefined ? '' : ` (name ${name})`}`;
  const [{ createRedisOutbox }, { default: ioredis }] = await Promise.all([
    import('../outbox/redis/index.js'),
    import('ioredis'),
  ]);
  const client = new ioredis.Redis(url, {
    lazyConnect: true,
    connectionName: 'ours-ingest',
    connectTimeout: SILENCE_MS,
    // A connection that owes an answer for so long is replaced.
    socketTimeout: SILENCE_MS,
    keepAlive: 10_000,
    // After a failover the name or the proxy leads to the new primary, but this connection still to the old one.
    reconnectOnError: ({ message }) => message.includes('READONLY'),
  });
  // Told by the command that fails; without a listener the driver would write it to the console as well.
  let lastError: unknown;
  client.on('error', (error: unknown) => {
    lastError = error;
  });
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
    throw new Error(`${describe} cannot be used: ${messageOf(lastError ?? error)}`, { cause: error });
  }
  return { outbox, describe, close, redis: client };
}

/** An outbox that was used once keeps its stream, empty or not; whatever else is asked of it would make one. */
async function mustExist(client: { exists(keys: string[]): Promise<number> }, name = DEFAULT_NAME): Promise<void> {
  if ((await client.exists([...keysOf(name).shared])) > 0) return;
  throw new Error(`there is no outbox ${name}: no event was stored in it yet, or --name is another.`);
}
