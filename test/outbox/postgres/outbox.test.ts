import { afterAll, describe, vi } from 'vitest';
import { describeDurableOutbox } from '../durable/contract.js';
import { connect, embedded, SCHEMA, storesIn } from './stores.js';

// A server's disk and PGlite are slower than memory, and a busy machine makes them slower still.
vi.setConfig({ testTimeout: 120_000 });

describe.runIf(process.env.POSTGRES_URL !== undefined)('on a server', () => {
  const pool = connect();
  afterAll(async () => {
    await pool.query(`DROP SCHEMA IF EXISTS ${SCHEMA} CASCADE`);
    await pool.end();
  });
  describeDurableOutbox('postgres', storesIn(pool), { drops: [], runs: 30 });
});

describe('in this process', () => {
  const { client, end } = embedded();
  afterAll(end);
  describeDurableOutbox('PGlite', storesIn(client), { drops: [], runs: 20 });
});
