import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSqliteOutbox } from '../../../src/outbox/sqlite/index.js';
import { loadSqlite } from '../../../src/sqlite/load-sqlite.js';
import type { TestStore } from '../durable/contract.js';

export interface SqliteStore extends TestStore {
  readonly file: string;
}

/** A file in its own folder. */
export async function createSqliteStore(): Promise<SqliteStore> {
  const folder = await mkdtemp(join(tmpdir(), 'ours-sqlite-'));
  const file = join(folder, 'events.db');
  const change = async (sql: string, distinctId: string): Promise<void> => {
    const database = new (loadSqlite())(file);
    database.prepare(sql).run(distinctId);
    database.close();
  };
  return {
    file,
    // Dropping the newest is the default, not an option.
    open: ({ whenFull: _dropsNewest, ...setup }) => createSqliteOutbox({ file, ...setup }),
    async contents() {
      const parts = await Promise.all(['', '-wal'].map((end) => readFile(file + end, 'latin1').catch(() => '')));
      return parts.join('');
    },
    damage: (distinctId) =>
      change(
        'UPDATE ours_entries SET record = substr(record, 1, length(record) / 2) WHERE distinct_id = ?',
        distinctId,
      ),
    deleteEntry: (distinctId) => change('DELETE FROM ours_entries WHERE distinct_id = ?', distinctId),
    async empty() {
      await Promise.all(['', '-wal', '-shm'].map((end) => rm(file + end, { force: true })));
    },
    remove: () => rm(folder, { recursive: true }),
  };
}
