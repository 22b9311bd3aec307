import type { ExperimentStore } from '../../src/collector/experiments/experiment-store.js';
import type { RefusedRow } from '../../src/collector/insight.js';
import { createDoor, type DoorRules } from '../../src/collector/measuring/door.js';
import { createEventStore, type EventStore } from '../../src/collector/store/event-store.js';
import { createExperimentStore } from '../../src/collector/store/experiment-store.js';
import { createLogReader, type LogReader } from '../../src/collector/store/log-reader.js';
import { openDatabase } from '../../src/collector/store/open-database.js';
import { ensureSchema } from '../../src/collector/store/schema.js';
import type { Database } from '../../src/sqlite/database.js';
import { loadSqlite } from '../../src/sqlite/load-sqlite.js';

/** The store without the server around it. */
export interface OpenedStore {
  readonly database: Database;
  readonly store: EventStore;
  readonly experiments: ExperimentStore;
  readonly log: LogReader;
}

const sqlite = loadSqlite();

export function openStore(
  data = ':memory:',
  rules: DoorRules = { bots: 'allow' },
  now = 2_000,
  refused: readonly RefusedRow[] = [],
): OpenedStore {
  const database = openDatabase(sqlite, data);
  ensureSchema(database);
  const experiments = createExperimentStore(database);
  const store = createEventStore({ database, door: createDoor(rules), findExperiment: experiments.find });
  return {
    database,
    store,
    experiments,
    log: createLogReader({ database, experiments, refused: () => refused, now: () => now }),
  };
}
