import type { ExperimentStore } from '../../../src/collector/experiments/experiment-store.js';
import { createIngestRules, type IngestOptions } from '../../../src/collector/measuring/ingest-rules.js';
import { createLogReader, type LogReader } from '../../../src/collector/queries/log-reader.js';
import type { RefusedRow } from '../../../src/collector/store/collected-event.js';
import { createEventStore, type EventStore } from '../../../src/collector/store/event-store.js';
import { createExperimentStore } from '../../../src/collector/store/experiment-store.js';
import { createMeasurements } from '../../../src/collector/store/measured/measurements.js';
import { openDatabase } from '../../../src/collector/store/open-database.js';
import { ensureSchema } from '../../../src/collector/store/schema.js';
import type { Database } from '../../../src/sqlite/database.js';
import { loadSqlite } from '../../../src/sqlite/load-sqlite.js';

/** The store without a server. */
export interface OpenedStore {
  readonly database: Database;
  readonly store: EventStore;
  readonly experiments: ExperimentStore;
  readonly log: LogReader;
}

const sqlite = loadSqlite();

export function openStore(
  data = ':memory:',
  rules: IngestOptions = { bots: 'allow' },
  now = 2_000,
  refused: readonly RefusedRow[] = [],
): OpenedStore {
  const database = openDatabase(sqlite, data);
  ensureSchema(database);
  const experiments = createExperimentStore(database);
  const measurements = createMeasurements(database);
  const store = createEventStore({
    database,
    measurements,
    ingestRules: createIngestRules(rules),
    findExperiment: experiments.find,
  });
  return {
    database,
    store,
    experiments,
    log: createLogReader({ database, experiments, measurements, refused: () => refused, now: () => now }),
  };
}
