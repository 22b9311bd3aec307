import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createPostgresOutbox, type PostgresOutbox } from '../../../src/outbox/postgres/index.js';
import { idsOf, trackEntry } from '../../support/entries.js';
import { type SilentProxy, silentProxy } from '../../support/silent-proxy.js';
import { EVERYTHING } from '../contract.js';
import { connect } from './stores.js';

const SCHEMA = `ours_silent_${process.pid}`;

// The waits are the outbox's own and take seconds. None is measured: what is promised is that each has an end.
describe.runIf(process.env.POSTGRES_URL !== undefined)(
  'the postgres outbox over connections that fall silent',
  {
    timeout: 300_000,
  },
  () => {
    const admin = connect({ max: 4 });
    let tables = 0;

    beforeAll(async () => void (await admin.query(`CREATE SCHEMA IF NOT EXISTS ${SCHEMA}`)));
    afterAll(async () => {
      await admin.query(`DROP SCHEMA IF EXISTS ${SCHEMA} CASCADE`);
      await admin.end();
    });

    /** An outbox over a proxy, with a pool that has several idle connections. */
    async function overProxy(): Promise<{
      proxy: SilentProxy;
      pool: pg.Pool;
      outbox: PostgresOutbox;
      direct: PostgresOutbox;
      table: string;
    }> {
      const url = new URL(process.env.POSTGRES_URL!);
      const proxy = await silentProxy(Number(url.port || 5432));
      url.hostname = '127.0.0.1';
      url.port = String(proxy.port);
      const pool = new pg.Pool({ connectionString: url.href, idleTimeoutMillis: 0, connectionTimeoutMillis: 4_000 });
      // What is silent does not say goodbye: the proxy ends it.
      onTestFinished(() => void pool.end());
      tables += 1;
      const table = `${SCHEMA}.outbox_${tables}`;
      const outbox = createPostgresOutbox({ client: pool, table });
      await outbox.ensureSchema();
      const lent = await Promise.all([1, 2, 3, 4].map(() => pool.connect()));
      for (const connection of lent) connection.release();
      expect(pool.idleCount).toBe(4);
      return { proxy, pool, outbox, table, direct: createPostgresOutbox({ client: admin, table }) };
    }

    it('stores what is appended then: every silent connection of a pool is replaced', async () => {
      const { proxy, outbox, direct } = await overProxy();
      proxy.silence();
      await outbox.append([trackEntry('during')]);
      await outbox.append([trackEntry('after')]);
      expect(idsOf(await direct.claim(EVERYTHING))).toEqual(['during', 'after']);
    });

    it('settles what was claimed before', async () => {
      const { proxy, outbox, direct } = await overProxy();
      await outbox.append([trackEntry('a')]);
      const claimed = await outbox.claim(EVERYTHING);
      proxy.silence();
      await outbox.ack(claimed);
      expect(await direct.stats()).toEqual({ waiting: 0, claimed: 0, bytes: 0 });
    });

    it('refuses an append in the end where new connections are silent as well, and stores again when they are not', async () => {
      const { proxy, outbox } = await overProxy();
      proxy.blackHole();
      await expect(outbox.append([trackEntry('lost')])).rejects.toMatchObject({
        code: 'store_failed',
        isTransient: true,
        message: expect.stringMatching(/check that (it is reachable|the server is up)/),
      });
      proxy.restore();
      await outbox.append([trackEntry('kept')]);
      expect(idsOf(await outbox.claim(EVERYTHING))).toContain('kept');
    });

    it('ends the wait of a transaction, whose caller can then roll back', async () => {
      const { proxy, pool, outbox, direct } = await overProxy();
      const tx = await pool.connect();
      tx.on('error', () => undefined);
      await tx.query('BEGIN');
      proxy.silence();
      await expect(outbox.within(tx)([trackEntry('a')])).rejects.toThrow(/has not answered within 10 seconds/);
      tx.release(true);
      expect(await direct.stats()).toEqual({ waiting: 0, claimed: 0, bytes: 0 });
    });

    it('leaves no statement behind on the server that is held up by a lock', async () => {
      const { outbox, direct, table } = await overProxy();
      const other = await admin.connect();
      await other.query(`BEGIN; LOCK TABLE ${table}`);
      const append = outbox.append([trackEntry('a')]);
      const blocked = async (): Promise<number> => {
        const { rowCount } = await admin.query(
          "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE $1",
          [`%${table.split('.')[1]}"%`],
        );
        return rowCount!;
      };
      while ((await blocked()) !== 1);
      await expect(append).rejects.toThrow(/has not answered within 5 seconds/);
      while ((await blocked()) !== 0);
      await other.query('ROLLBACK');
      other.release();
      await outbox.append([trackEntry('b')]);
      expect(idsOf(await direct.claim(EVERYTHING))).toContain('b');
    });

    it('hands out what others append, however often it was asked while it was silent', async () => {
      const { proxy, outbox, direct } = await overProxy();
      proxy.blackHole();
      const asked = await Promise.allSettled(Array.from({ length: 50 }, () => outbox.oldest()));
      expect(asked.every(({ status }) => status === 'rejected')).toBe(true);
      await direct.append([trackEntry('a')]);
      proxy.restore();
      let claimed: readonly unknown[] = [];
      while (claimed.length === 0) claimed = await outbox.claim(EVERYTHING).catch(() => []);
      expect(claimed).toHaveLength(1);
    });
  },
);
