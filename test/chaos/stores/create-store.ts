import type { CrewName } from '../plan/schedule.js';
import { createPostgresStore } from './postgres-store.js';
import { createRedisStore } from './redis-store.js';
import { createSqliteStore } from './sqlite-store.js';
import type { ChaosStore } from './store.js';

const IN_MEMORY: ChaosStore = {
  place: { kind: 'memory' },
  port: undefined,
  suffer: async () => undefined,
  remove: async () => undefined,
};

/** Creates the store of a crew; `undefined` if its server is not installed. */
export async function createChaosStore(crew: CrewName): Promise<ChaosStore | undefined> {
  switch (crew) {
    case 'memory':
      return IN_MEMORY;
    case 'sqlite':
      return createSqliteStore();
    case 'redis':
      return createRedisStore();
    case 'postgres':
      return createPostgresStore();
  }
}
