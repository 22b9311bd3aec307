import { Socket } from 'node:net';
import type { Pool } from 'pg';
import { keepProcess } from '../core/timers.js';
import { withTimeout } from '../core/with-timeout.js';
import { messageOf } from './command.js';
import { type OpenOptions, type OpenOutbox, showableUrl } from './open-outbox.js';

/** Shorter than the timeout of the outbox, so that a second attempt is possible. */
const CONNECT_TIMEOUT_MS = 4_000;
/** For queries without a timeout of the outbox. Not the server's statement_timeout, which PgBouncer refuses. */
const QUERY_TIMEOUT_MS = 60_000;
/** How long a connection may be idle before TCP keep-alive probes start. */
const KEEP_ALIVE_DELAY_MS = 10_000;
/** How long closing the connections may take. */
const CLOSE_WITHIN_MS = 1_000;

/** A pool of connections that a command has opened. */
export interface OpenPool {
  readonly client: Pool;
  /** The URL without credentials. */
  readonly shown: string;
  /** Closes the connections after `last` has ended, however dead they are. */
  close(last: Promise<unknown>): Promise<void>;
}

/** @throws UsageError for an invalid URL, naming the option that it came from */
export async function openPool(option: string, url: string): Promise<OpenPool> {
  const example = 'postgres://user:password@127.0.0.1:5432/shop';
  const shown = showableUrl(option, url, ['postgres:', 'postgresql:'], example);
  const { default: pg } = await import('pg');
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
  // An idle connection broke. If the problem lasts, the next query reports it.
  client.on('error', () => undefined);
  return {
    client,
    shown,
    async close(last) {
      const closed = last.then(() => client.end());
      await keepProcess(withTimeout(closed, { timeoutMs: CLOSE_WITHIN_MS })).catch(() => undefined);
      // A dead connection never closes and would keep the process alive.
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** @throws {Error} when Postgres cannot be reached, refuses the login, or lacks the table */
export async function openPostgres(
  url: string,
  { place: table, sealingKeys, acceptUnsealed, ensureSchema }: OpenOptions,
): Promise<OpenOutbox> {
  const [pool, { createPostgresOutbox }] = await Promise.all([
    openPool('--postgres', url),
    import('../outbox/postgres/index.js'),
  ]);
  const describe = `Postgres at ${pool.shown}${table === undefined ? '' : ` (table ${table})`}`;
  const outbox = createPostgresOutbox({ client: pool.client, table, sealingKeys, acceptUnsealed });
  const close = (): Promise<void> => pool.close(outbox.close());
  try {
    if (ensureSchema) await outbox.ensureSchema();
    await outbox.oldest();
  } catch (error) {
    await close();
    const message = messageOf(error);
    const fix = message.includes('ensureSchema()') ? ' With this command: `ours-ingest relay --ensure-schema`.' : '';
    throw new Error(`${describe} cannot be used: ${message}${fix}`, { cause: error });
  }
  return { outbox, describe, close };
}
