import { messageOf } from './message-of.js';
import type { OpenOptions, OpenOutbox } from './outbox-option.js';
import { showableUrl } from './store-url.js';

/** @throws {Error} when Redis cannot be reached or lets nobody in */
export async function openRedis(url: string, { place: name, sealingKeys }: OpenOptions): Promise<OpenOutbox> {
  const shown = showableUrl('--redis', url, ['redis:', 'rediss:'], 'redis://127.0.0.1:6379');
  const describe = `Redis at ${shown}${name === undefined ? '' : ` (name ${name})`}`;
  const [{ createRedisOutbox }, { default: ioredis }] = await Promise.all([
    import('../outbox/redis.js'),
    import('ioredis'),
  ]);
  const client = new ioredis.Redis(url, { lazyConnect: true, connectionName: 'ours-ingest' });
  // Told by the command that fails; without a listener the driver would write it to the console as well.
  let lastError: unknown;
  client.on('error', (error: unknown) => {
    lastError = error;
  });
  const outbox = createRedisOutbox({ client, name, sealingKeys });
  const close = async (): Promise<void> => {
    await outbox.close().catch(() => undefined);
    client.disconnect();
  };
  try {
    await client.connect();
    await outbox.oldest();
  } catch (error) {
    await close();
    throw new Error(`${describe} cannot be used: ${messageOf(lastError ?? error)}`, { cause: error });
  }
  return { outbox, describe, close, redis: client };
}
