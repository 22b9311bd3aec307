import { Socket } from 'node:net';
import { keepProcess } from '../core/timers.js';
import { withTimeout } from '../core/with-timeout.js';
import { messageOf } from './message-of.js';
import type { OpenOptions, OpenOutbox } from './outbox-option.js';
import { showableUrl } from './store-url.js';

/** Shorter than the outbox waits for an answer, so that a second attempt has its turn. */
const CONNECT_TIMEOUT_MS = 4_000;
/** For what the outbox sets no time itself. Not the server's statement_timeout: PgBouncer refuses to be asked for one. */
const QUERY_TIMEOUT_MS = 60_000;
/** How long an idle connection may be silent before the system begins to look whether the other end is there. */
const KEEP_ALIVE_DELAY_MS = 10_000;
/** How long connections may take to say goodbye. */
const CLOSE_WITHIN_MS = 1_000;

/** @throws {Error} when Postgres cannot be reached, lets nobody in or has not the table */
export async function openPostgres(
  url: string,
  { place: table, sealingKeys, acceptUnsealed, ensureSchema }: OpenOptions,
): Promise<OpenOutbox> {
  const shown = showableUrl(
    '--postgres',
    url,
    ['postgres:', 'postgresql:'],
    'postgres://user:password@127.0.0.1:5432/shop',
  );
  const describe = `Postgres at ${shown}${table === undefined ? '' : ` (table ${table})`}`;
  const [{ createPostgresOutbox }, { default: pg }] = await Promise.all([
    import('../outbox/postgres/index.js'),
    import('pg'),
  ]);
  const sockets = new Set<Socket>();
  const client = new pg.Pool({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: QUERY_TIMEOUT_MS,
    application_name: 'ours-ingest',
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_DELAY_MS,
    stream() {
      const socket = new Socket();
      sockets.add(socket);
      return socket.once('close', () => sockets.delete(socket));
    },
  });
  // A connection that breaks while nobody uses it; the next query says so if it lasts.
  client.on('error', () => undefined);
  const outbox = createPostgresOutbox({ client, table, sealingKeys, acceptUnsealed });
  const close = async (): Promise<void> => {
    const closed = outbox.close().then(() => client.end());
    await keepProcess(withTimeout(closed, { timeoutMs: CLOSE_WITHIN_MS })).catch(() => undefined);
    // One that has fallen silent never says goodbye, and would keep the process.
    for (const socket of sockets) socket.destroy();
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
