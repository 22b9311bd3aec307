import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { findProgram, type OwnServer, otherThanRoot, startOwnServer } from './own-server.js';

const run = promisify(execFile);
/** Debian and Ubuntu keep the server's programs off the PATH. */
const PACKAGED = '/usr/lib/postgresql';

export const USUAL_POSTGRES = 'postgres://postgres@127.0.0.1:5432/test';

/** Rejects unless the database at `url` answers a query. */
export async function checkPostgres(url: string): Promise<void> {
  await query(url, 'SELECT 1');
}

/** A PostgreSQL of the tests' own, or `undefined` where none is installed. */
export async function startPostgres(): Promise<OwnServer | undefined> {
  const [initdb, program] = await Promise.all(['initdb', 'postgres'].map((name) => findProgram(name, PACKAGED)));
  if (initdb === undefined || program === undefined) return undefined;
  const account = await otherThanRoot(['postgres', 'nobody']);
  const data = (directory: string): string => join(directory, 'data');
  return startOwnServer({
    program,
    account,
    // Fast shutdown: clients that are still connected are cut off.
    endSignal: 'SIGINT',
    prepare: async (directory) => {
      const options = ['--auth=trust', '--username=postgres', '--encoding=UTF8', '--locale=C', '--no-sync'];
      await run(initdb, [...options, '-D', data(directory)], { cwd: directory, ...account });
    },
    args: (directory, port) => [
      ...['-D', data(directory), '-p', String(port)],
      // The machine does not crash in a test, and a socket's path would be too long in some temporary directories.
      ...['-F', '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
    ],
    urlOf: (port) => `postgres://postgres@127.0.0.1:${port}/test`,
    check: createDatabase,
  });
}

async function createDatabase(url: string): Promise<void> {
  const other = new URL(url);
  other.pathname = '/postgres';
  await query(other.href, 'CREATE DATABASE test');
}

async function query(url: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(text);
  } finally {
    await client.end().catch(() => undefined);
  }
}
