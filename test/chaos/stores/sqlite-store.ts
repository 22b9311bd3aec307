import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'libsql';
import type { StoreFault } from '../plan/store-plan.js';
import type { ChaosStore } from './store.js';

/** Creates a folder for an outbox file. */
export async function createSqliteStore(): Promise<ChaosStore> {
  const directory = await mkdtemp(join(tmpdir(), 'ours-ingest-chaos-'));
  const file = join(directory, 'outbox.db');

  /** Holds a transaction open, as another program that uses the file would. */
  const hold = async (begin: string, look: string, ms: number): Promise<void> => {
    const database = new Database(file);
    try {
      for (const endsAt = performance.now() + ms; ; await sleep(5)) {
        try {
          database.exec(begin);
          break;
        } catch {
          // Another process is writing.
          if (performance.now() > endsAt) return;
        }
      }
      database.exec(look);
      await sleep(ms);
      database.exec('COMMIT');
    } finally {
      database.close();
    }
  };

  const faults: Partial<Record<StoreFault, (ms: number) => Promise<void>>> = {
    lockedFile: (ms) => hold('BEGIN IMMEDIATE', 'SELECT 1', ms),
    longReader: (ms) => hold('BEGIN', 'SELECT count(*) FROM sqlite_master', ms),
  };

  return {
    place: { kind: 'sqlite', file },
    port: undefined,
    suffer: async (fault, ms) => faults[fault]?.(ms),
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}
