// Assigns one visitor in one session, with a store of exposures that other processes share, and says which variant it was.
import { Redis } from 'ioredis';
import pg from 'pg';
import { createPostgresExposures } from '../../../src/exposures/postgres.js';
import { createRedisExposures } from '../../../src/exposures/redis.js';
import { createSqliteExposures } from '../../../src/exposures/sqlite.js';
import { createClient } from '../../../src/index.js';

const { STORE = '', PLACE = '', NAME = '' } = process.env;

const stores = {
  redis() {
    const client = new Redis(PLACE);
    return { exposures: createRedisExposures({ client, name: NAME }), end: () => client.disconnect() };
  },
  postgres() {
    const client = new pg.Pool({ connectionString: PLACE, max: 2 });
    return { exposures: createPostgresExposures({ client, table: NAME }), end: () => client.end() };
  },
  sqlite() {
    const exposures = createSqliteExposures({ file: PLACE });
    return { exposures, end: () => exposures.close() };
  },
};
const { exposures, end } = stores[STORE as keyof typeof stores]();
// Long waits: that the machine is slow must not look like a store that is.
const ours = createClient({
  experimentToken: 'exp_shop',
  exposures,
  exposuresTimeoutMs: 60_000,
  assignTimeoutMs: 60_000,
  requestTimeoutMs: 60_000,
});
const { variantName, reason } = await ours.assign('checkout', { userId: 'v1', sessionId: '1700000000000' });
console.log(JSON.stringify({ variantName, reason }));
await ours.close();
await end();
