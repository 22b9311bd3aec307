import { execFile } from 'node:child_process';
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import pg from 'pg';
import { createPostgresOutbox } from '../../../src/outbox/postgres/index.js';
import { findProgram, freePort, otherThanRoot } from '../../support/services/own-server.js';
import type { StoreFault } from '../plan/store-plan.js';
import { OwnProcess } from './own-process.js';
import type { ChaosStore } from './store.js';

const run = promisify(execFile);
const PACKAGED = '/usr/lib/postgresql';
/** The role of the workers. Faults change its settings; the superuser who changes them is not affected. */
const ROLE = 'app';
const OTHERS = `FROM pg_stat_activity WHERE usename = '${ROLE}'`;

/** Starts a PostgreSQL cluster for this run; `undefined` if PostgreSQL is not installed. */
export async function createPostgresStore(): Promise<ChaosStore | undefined> {
  const [initdb, program] = await Promise.all(['initdb', 'postgres'].map((name) => findProgram(name, PACKAGED)));
  if (initdb === undefined || program === undefined) return undefined;
  const [directory, port, account] = await Promise.all([
    mkdtemp(join(tmpdir(), 'ours-ingest-chaos-')),
    freePort(),
    otherThanRoot(['postgres', 'nobody']),
  ]);
  if (account !== undefined) await chown(directory, account.uid, account.gid);
  const data = join(directory, 'data');
  const options = ['--auth=trust', '--username=postgres', '--encoding=UTF8', '--locale=C', '--no-sync'];
  await run(initdb, [...options, '-D', data], { cwd: directory, ...account });
  const urlOf = (user: string): string => `postgres://${user}@127.0.0.1:${port}/postgres`;
  const admin = (text: string): Promise<unknown> => asAdmin(urlOf('postgres'), text);
  const server = new OwnProcess({
    program,
    args: ['-D', data, '-p', String(port), '-F', '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
    cwd: directory,
    account,
    check: async () => void (await admin('SELECT 1')),
  });
  await server.start();
  await admin(
    `CREATE ROLE ${ROLE} LOGIN; GRANT ALL ON SCHEMA public TO ${ROLE}; GRANT CREATE ON DATABASE postgres TO ${ROLE}`,
  );
  await createTables(urlOf(ROLE));

  const cutOff = (): Promise<unknown> => admin(`SELECT pg_terminate_backend(pid) ${OTHERS}`);
  const repeat = async (text: string, everyMs: number, ms: number): Promise<void> => {
    for (const endsAt = performance.now() + ms; performance.now() < endsAt; await sleep(everyMs)) await admin(text);
  };
  /** Changes a setting of the role for a while, and reconnects everyone so that it applies. */
  const alter = async (change: string, back: string, ms: number): Promise<void> => {
    await admin(`ALTER ROLE ${ROLE} ${change}`);
    await cutOff();
    await sleep(ms);
    await admin(`ALTER ROLE ${ROLE} ${back}`);
    await cutOff();
  };

  const faults: Partial<Record<StoreFault, (ms: number) => Promise<void>>> = {
    restart: (ms) => server.restart('SIGINT', ms),
    // An immediate shutdown, like a crash: the next start replays the log.
    kill: (ms) => server.restart('SIGQUIT', ms),
    freeze: (ms) => server.freeze(ms),
    terminated: (ms) => repeat(`SELECT pg_terminate_backend(pid) ${OTHERS}`, 300, ms),
    cancelled: (ms) => repeat(`SELECT pg_cancel_backend(pid) ${OTHERS}`, 30, ms),
    readOnly: (ms) => alter('SET default_transaction_read_only = on', 'RESET ALL', ms),
    lockedTable: (ms) =>
      asAdmin(
        urlOf('postgres'),
        `BEGIN; LOCK TABLE ours_outbox IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(${ms / 1_000}); COMMIT`,
      ),
    tooManyClients: (ms) => alter('CONNECTION LIMIT 1', 'CONNECTION LIMIT -1', ms),
    shortTimeouts: (ms) => alter("SET statement_timeout = '4ms'", 'RESET ALL', ms),
  };

  return {
    place: { kind: 'postgres', url: urlOf(ROLE) },
    port,
    suffer: async (fault, ms) => faults[fault]?.(ms),
    async remove() {
      await server.end('SIGQUIT');
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function createTables(url: string): Promise<void> {
  const pool = new pg.Pool({ connectionString: url, max: 1 });
  await createPostgresOutbox({ client: pool }).ensureSchema();
  await pool.end();
}

/** Opens a new connection each time: an earlier one may have been cut. */
async function asAdmin(url: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 30_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(text);
  } finally {
    await client.end().catch(() => undefined);
  }
}
