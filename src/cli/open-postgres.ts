import { messageOf } from './message-of.js';
import type { OpenOptions, OpenOutbox } from './outbox-option.js';
import { showableUrl } from './store-url.js';

const CONNECT_TIMEOUT_MS = 10_000;

/** @throws {Error} when Postgres cannot be reached, lets nobody in or has not the table */
export async function openPostgres(
  url: string,
  { place: table, sealingKeys, ensureSchema }: OpenOptions,
): Promise<OpenOutbox> {
  const shown = showableUrl(
    '--postgres',
    url,
    ['postgres:', 'postgresql:'],
    'postgres://user:password@127.0.0.1:5432/shop',
  );
  const describe = `Postgres at ${shown}${table === undefined ? '' : ` (table ${table})`}`;
  const [{ createPostgresOutbox }, { default: pg }] = await Promise.all([
    import('../outbox/postgres.js'),
    import('pg'),
  ]);
  const client = new pg.Pool({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    application_name: 'ours-ingest',
    keepAlive: true,
  });
  // A connection that breaks while nobody uses it; the next query says so if it lasts.
  client.on('error', () => undefined);
  const outbox = createPostgresOutbox({ client, table, sealingKeys });
  const close = async (): Promise<void> => {
    await outbox.close().catch(() => undefined);
    await client.end();
  };
  try {
    if (ensureSchema) await outbox.ensureSchema();
    await outbox.oldest();
  } catch (error) {
    await close();
    const message = messageOf(error);
    const fix = message.includes('ensureSchema()') ? ' Here that is `ours-ingest relay --ensure-schema`.' : '';
    throw new Error(`${describe} cannot be used: ${message}${fix}`, { cause: error });
  }
  return { outbox, describe, close };
}
