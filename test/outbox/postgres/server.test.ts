import pg from 'pg';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import {
  createPostgresOutbox,
  type PostgresOutbox,
  postgresSchema,
  type SqlClient,
} from '../../../src/outbox/postgres/index.js';
import { startChild } from '../../support/child.js';
import { identifyEntry, idsOf, trackEntry } from '../../support/entries.js';
import { EVERYTHING } from '../contract.js';
import { connect } from './stores.js';

const SCHEMA = `ours_server_${process.pid}`;

/** Counts what it is called for, and lets a test wait for the next call. */
function waker(): { readonly wake: () => void; readonly next: () => Promise<void> } {
  let calls = 0;
  let seen = 0;
  let resolve = (): void => {};
  return {
    wake: () => {
      calls += 1;
      resolve();
    },
    async next() {
      if (calls === seen) {
        await new Promise<void>((done) => {
          resolve = done;
        });
      }
      seen = calls;
    },
  };
}

describe.runIf(process.env.POSTGRES_URL !== undefined)('the postgres outbox on a server', () => {
  const admin = connect({ max: 4 });
  let tables = 0;

  afterAll(async () => {
    await admin.query(`DROP SCHEMA IF EXISTS ${SCHEMA} CASCADE`);
    await admin.end();
  });

  const newTable = (): string => {
    tables += 1;
    return `${SCHEMA}.outbox_${tables}`;
  };

  /** A pool of the test's own, with a name by which its connections can be cut. */
  function ownPool(options: pg.PoolConfig = {}): pg.Pool & { readonly cut: (which?: string) => Promise<number> } {
    const name = `ours test ${Math.random()}`;
    const pool = new pg.Pool({
      connectionString: process.env.POSTGRES_URL,
      application_name: name,
      allowExitOnIdle: true,
      ...options,
    });
    onTestFinished(() => pool.end());
    const cut = async (which = 'true'): Promise<number> => {
      const { rowCount } = await admin.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND ${which}`,
        [name],
      );
      return rowCount ?? 0;
    };
    return Object.assign(pool, { cut });
  }

  async function ownClient(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: process.env.POSTGRES_URL });
    await client.connect();
    onTestFinished(() => client.end());
    return client;
  }

  async function ready(client: SqlClient = ownPool(), table: string = newTable()): Promise<PostgresOutbox> {
    const outbox = createPostgresOutbox({ client, table });
    onTestFinished(() => outbox.close());
    await outbox.ensureSchema();
    return outbox;
  }

  describe('refuses only the event that the server cannot store', () => {
    const entries = [
      trackEntry('a'),
      trackEntry('b', { userId: 'café 🎟' }),
      identifyEntry('c', { userId: 'v' }),
      trackEntry('d'),
    ];

    async function expectOnlyOneRefused(outbox: PostgresOutbox, why: RegExp): Promise<void> {
      const { deferred, duplicates } = await outbox.append(entries);
      expect(idsOf([...deferred!.keys()])).toEqual(['b']);
      await expect(deferred!.get(entries[1]!)).rejects.toMatchObject({
        storedNothing: true,
        message: expect.stringMatching(why),
      });
      expect(duplicates).toEqual([]);
      expect(idsOf(await outbox.claim(EVERYTHING))).toEqual(['a', 'c', 'd']);
      await expect(outbox.append([entries[1]!])).rejects.toThrow(why);
    }

    it('in the encoding of its database', async () => {
      const name = `ours_latin1_${process.pid}`;
      await admin.query(`CREATE DATABASE ${name} ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0`);
      onTestFinished(() => void admin.query(`DROP DATABASE ${name} WITH (FORCE)`));
      const url = new URL(process.env.POSTGRES_URL!);
      url.pathname = name;
      const pool = ownPool({ connectionString: url.href });
      pool.on('error', () => {});
      const outbox = await ready(pool, 'outbox');
      await expectOnlyOneRefused(outbox, /use a database with the encoding UTF8 \(22P05\)/);
      // A message of the service is not the event's own.
      const outcome = { status: 'rejected', code: 'invalid_event', message: 'not “valid” 🎟\n' } as const;
      await outbox.append([trackEntry('e')]);
      await outbox.deadLetter(await outbox.claim(EVERYTHING), outcome);
      expect(await outbox.deadLetters.get('e')).toMatchObject({ outcome });
    });

    it('under a constraint of its owner', async () => {
      const table = newTable();
      const outbox = await ready(ownPool(), table);
      await admin.query(`ALTER TABLE ${table} ADD CHECK (record NOT LIKE '%café%')`);
      await expectOnlyOneRefused(outbox, /violates check constraint/);
    });

    it('while another transaction holds one of its neighbours', async () => {
      const table = newTable();
      const outbox = await ready(ownPool(), table);
      await admin.query(`ALTER TABLE ${table} ADD CHECK (record NOT LIKE '%café%')`);
      const tx = await ownClient();
      await tx.query('BEGIN');
      await outbox.within(tx)([trackEntry('a')]);
      const { deferred } = await outbox.append(entries);
      expect(idsOf([...deferred!.keys()])).toEqual(['a', 'b']);
      await expect(deferred!.get(entries[1]!)).rejects.toThrow(/check constraint/);
      await tx.query('COMMIT');
      expect((await deferred!.get(entries[0]!))!.duplicates).toEqual([entries[0]]);
    });
  });

  describe('wakes its watchers', () => {
    async function watched(client: pg.Pool | pg.Client) {
      const table = newTable();
      const outbox = await ready(client, table);
      const { wake, next } = waker();
      const stop = outbox.watch!(wake);
      // It listens, and looks for what came before.
      await next();
      return { outbox, next, stop, appender: createPostgresOutbox({ client: admin, table }) };
    }

    it('when another process appends', async () => {
      const { next, appender } = await watched(ownPool());
      await appender.append([trackEntry('a')]);
      await next();
    });

    it('for each of several appends in a short time', async () => {
      const { next, appender } = await watched(ownPool());
      for (const id of ['a', 'b', 'c']) {
        await appender.append([trackEntry(id)]);
        await next();
      }
    });

    it('for an append in the moment before the appender is closed', async () => {
      const { next, appender } = await watched(ownPool());
      await appender.append([trackEntry('a')]);
      await next();
      await appender.append([trackEntry('b')]);
      await appender.close();
      await next();
    });

    it('when dead letters are replayed', async () => {
      const { next, appender, outbox } = await watched(ownPool());
      await appender.append([trackEntry('a')]);
      await next();
      await outbox.deadLetter(await outbox.claim(EVERYTHING), { status: 'dropped', reason: 'too_old' });
      await appender.deadLetters.replay(['a']);
      await next();
    });

    it('when a transaction commits, and not before', async () => {
      const client = await ownClient();
      const { next, appender } = await watched(client);
      const tx = await admin.connect();
      let isCommitted = false;
      const woken = next().then(() => isCommitted);
      await tx.query('BEGIN');
      await appender.within(tx)([trackEntry('a')]);
      // A notification that was sent by now arrives on the listening connection before this answer.
      await client.query('SELECT 1');
      isCommitted = true;
      await tx.query('COMMIT');
      tx.release();
      expect(await woken).toBe(true);
    });

    it('through a client that was passed in', async () => {
      const client = await ownClient();
      const { next, appender, stop } = await watched(client);
      await appender.append([trackEntry('a')]);
      await next();
      stop();
      expect((await client.query('SELECT pg_listening_channels()')).rows).toEqual([]);
    });

    it('again after the connection was cut, and at once for entries that arrived in between', async () => {
      const pool = ownPool();
      const { next, appender } = await watched(pool);
      await pool.cut();
      await next();
      await appender.append([trackEntry('a')]);
      await next();
    });

    it('until told to stop, and gives the connection back as it was', async () => {
      const pool = ownPool({ max: 3 });
      const { stop, outbox } = await watched(pool);
      stop();
      stop();
      for (const client of await Promise.all([pool.connect(), pool.connect(), pool.connect()])) {
        expect((await client.query('SELECT pg_listening_channels()')).rows).toEqual([]);
        expect(client.listenerCount('notification')).toBe(0);
        client.release();
      }
      await outbox.close();
    });

    it('until it is closed, even while it is still connecting', async () => {
      const pool = ownPool({ max: 3 });
      const outbox = await ready(pool);
      outbox.watch!(() => {});
      await outbox.close();
      const clients = await Promise.all([pool.connect(), pool.connect(), pool.connect()]);
      for (const client of clients) client.release();
    });

    it('without keeping a process alive that has nothing else to do', async () => {
      const { end } = startChild('watches-postgres', '', { POSTGRES_URL: process.env.POSTGRES_URL! });
      expect(await end).toMatchObject({ code: 0, stdout: expect.stringContaining('listening') });
    });

    it('by polling alone where notifications cannot be received', async () => {
      const query: SqlClient['query'] = (text, values) => admin.query(text, values);
      expect(createPostgresOutbox({ client: { query } }).watch).toBeUndefined();
      // Listening would leave the application less than two connections.
      expect(createPostgresOutbox({ client: ownPool({ max: 2 }) }).watch).toBeUndefined();
    });
  });

  describe('listens on a shared pool', () => {
    const inUse = (pool: pg.Pool): number => pool.totalCount - pool.idleCount;

    it('on one connection, for any number of outboxes', async () => {
      const pool = ownPool({ max: 5 });
      const wakers = await Promise.all(
        Array.from({ length: 6 }, async () => {
          const table = newTable();
          const outbox = await ready(pool, table);
          const { wake, next } = waker();
          outbox.watch!(wake);
          await next();
          return { next, appender: createPostgresOutbox({ client: admin, table }) };
        }),
      );
      expect(inUse(pool)).toBe(1);
      for (const { next, appender } of wakers) {
        await appender.append([trackEntry('a')]);
        await next();
      }
    });

    it('for one outbox after the others have stopped', async () => {
      const pool = ownPool();
      const tablesHere = [newTable(), newTable()];
      const [first, second] = await Promise.all(tablesHere.map((table) => ready(pool, table)));
      const [one, other] = [waker(), waker()];
      const stopFirst = first!.watch!(one.wake);
      const stopSecond = second!.watch!(other.wake);
      await Promise.all([one.next(), other.next()]);
      stopFirst();
      await createPostgresOutbox({ client: admin, table: tablesHere[1]! }).append([trackEntry('a')]);
      await other.next();
      stopSecond();
      // The only connection of the pool is free again, and hears nothing.
      const client = await pool.connect();
      expect((await client.query('SELECT pg_listening_channels()')).rows).toEqual([]);
      client.release();
    });

    it('only while the pool has a connection to spare, and later once it has', async () => {
      const pool = ownPool({ max: 3 });
      const outbox = await ready(pool);
      const busy = await Promise.all([pool.connect(), pool.connect()]);
      const { wake, next } = waker();
      let isWoken = false;
      outbox.watch!(() => {
        isWoken = true;
        wake();
      });
      const last = await pool.connect();
      last.release();
      expect(isWoken).toBe(false);
      for (const client of busy) client.release();
      await next();
    });

    it('and gives its connection up when the application waits for one', async () => {
      const pool = ownPool({ max: 3 });
      const outbox = await ready(pool);
      const { wake, next } = waker();
      outbox.watch!(wake);
      await next();
      const clients = await Promise.all([pool.connect(), pool.connect(), pool.connect()]);
      for (const client of clients) client.release();
      await next();
    });
  });

  describe('a claim whose answer is lost', () => {
    /** An outbox whose next claim is carried out `when` the function is called, and rejects at once. */
    async function losing() {
      const table = newTable();
      await ready(admin, table);
      let carryOut: (() => Promise<unknown>) | undefined;
      let isLost = true;
      const client: SqlClient = {
        query(text, values) {
          if (!isLost || !text.includes('claimed_id')) return admin.query(text, values);
          isLost = false;
          carryOut = () => admin.query(text, values);
          return Promise.reject(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
        },
      };
      const outbox = createPostgresOutbox({ client, table });
      await outbox.append(['a', 'b'].map((id) => trackEntry(id)));
      await expect(outbox.claim(EVERYTHING)).rejects.toThrow(/ECONNRESET/);
      return { outbox, table, carryOut: () => carryOut!() };
    }

    it('is repaired by the next claim of the same process, and by no other', async () => {
      const { outbox, table, carryOut } = await losing();
      await carryOut();
      expect(await createPostgresOutbox({ client: admin, table }).claim(EVERYTHING)).toEqual([]);
      const claimed = await outbox.claim(EVERYTHING);
      expect(idsOf(claimed)).toEqual(['a', 'b']);
      expect(await outbox.claim(EVERYTHING)).toEqual([]);
      await outbox.ack(claimed);
      expect(await outbox.stats()).toEqual({ waiting: 0, claimed: 0, bytes: 0 });
    });

    it('even if the database executes it late', async () => {
      const { outbox, carryOut } = await losing();
      const first = await outbox.claim({ ...EVERYTHING, maxEntries: 1 });
      expect(idsOf(first)).toEqual(['a']);
      await carryOut();
      expect(idsOf(await outbox.claim(EVERYTHING))).toEqual(['b']);
    });
  });

  describe('a statement that loses a race against another transaction', () => {
    /** Loses the first two runs of each statement. */
    const losing = (client: SqlClient): SqlClient => {
      const runs = new Map<string, number>();
      return {
        query(text, values) {
          const run = (runs.get(text) ?? 0) + 1;
          runs.set(text, run);
          if (run > 2) return client.query(text, values);
          return Promise.reject(Object.assign(new Error('could not serialize access'), { code: '40001' }));
        },
      };
    };

    it('is repeated at once', async () => {
      const table = newTable();
      await ready(admin, table);
      const outbox = createPostgresOutbox({ client: losing(admin), table });
      await outbox.append([trackEntry('a')]);
      const claimed = await outbox.claim(EVERYTHING);
      expect(idsOf(claimed)).toEqual(['a']);
      expect(await outbox.oldest()).toMatchObject({ position: 1 });
      await outbox.ack(claimed);
      expect(await outbox.stats()).toEqual({ waiting: 0, claimed: 0, bytes: 0 });
    });

    it('is not repeated in a transaction of the caller', async () => {
      const table = newTable();
      const outbox = await ready(admin, table);
      const tx = losing(admin);
      await expect(outbox.within(tx)([trackEntry('a')])).rejects.toMatchObject({ engineCode: '40001' });
      expect(await outbox.stats()).toMatchObject({ waiting: 0 });
    });
  });

  describe('after the server was restarted, or another one took over,', () => {
    /** An outbox, and how its server starts again. */
    async function restarting() {
      const table = newTable();
      await ready(admin, table);
      let starts = 0;
      let failing: RegExp | undefined;
      const client: SqlClient = {
        async query(text, values) {
          if (failing?.test(text)) {
            failing = undefined;
            throw Object.assign(new Error('sorry, too many clients already'), { code: '53300' });
          }
          return admin.query(text.replaceAll('pg_postmaster_start_time()', `to_timestamp(${starts})`), values);
        },
      };
      const outbox = createPostgresOutbox({ client, table });
      const failOnce = (statement: RegExp): void => {
        failing = statement;
      };
      const restart = (): void => {
        starts += 1;
      };
      const lose = (distinctId: string) => admin.query(`DELETE FROM ${table} WHERE distinct_id = $1`, [distinctId]);
      return { outbox, restart, lose, failOnce };
    }

    it('its incarnation stays while it has the last append', async () => {
      const { outbox, restart } = await restarting();
      const { incarnation } = await outbox.append([trackEntry('a'), trackEntry('b')]);
      restart();
      expect(await outbox.mark()).toMatchObject({ incarnation });
      await outbox.deadLetter(await outbox.claim(EVERYTHING), { status: 'dropped', reason: 'too_old' });
      restart();
      expect(await outbox.append([trackEntry('c')])).toMatchObject({ incarnation });
    });

    it('its incarnation stays if this process has delivered the last append while an earlier event waits', async () => {
      const { outbox, restart } = await restarting();
      const { incarnation } = await outbox.append([trackEntry('a'), trackEntry('b')]);
      await outbox.ack((await outbox.claim(EVERYTHING)).filter(({ distinctId }) => distinctId === 'b'));
      restart();
      expect(await outbox.mark()).toMatchObject({ incarnation });
    });

    it('its incarnation stays if the first look-up fails', async () => {
      const { outbox, restart, failOnce } = await restarting();
      const { incarnation } = await outbox.append([trackEntry('a')]);
      restart();
      failOnce(/distinct_id = ANY/);
      expect(await outbox.mark()).toMatchObject({ incarnation });
    });

    it('it has another one if the last append is missing, although the positions do not go back', async () => {
      const { outbox, restart, lose } = await restarting();
      const first = await outbox.append([trackEntry('a'), trackEntry('b'), trackEntry('a')]);
      expect(await outbox.mark()).toEqual({ incarnation: first.incarnation, position: 3 });
      await lose('b');
      expect(await outbox.mark()).toMatchObject({ incarnation: first.incarnation });
      restart();
      const second = await outbox.append([trackEntry('c')]);
      expect(second.position).toBeGreaterThan(first.position);
      expect(second.incarnation).not.toBe(first.incarnation);
      expect(await outbox.mark()).toMatchObject({ incarnation: second.incarnation });
      await lose('c');
      restart();
      expect((await outbox.mark()).incarnation).not.toBe(second.incarnation);
    });
  });

  describe('when the clock of the database is set back by two hours,', () => {
    const LEASE_MS = 60_000;
    async function world() {
      const table = newTable();
      await ready(admin, table);
      let time = 10_000_000_000;
      const outbox = createPostgresOutbox({ client: admin, table, now: () => time });
      await outbox.append([trackEntry('a')]);
      const claimIds = async () => idsOf(await outbox.claim({ ...EVERYTHING, leaseMs: LEASE_MS }));
      const advance = (ms: number): void => {
        time += ms;
      };
      return { outbox, claimIds, advance };
    }

    it('a lease starts again and lasts its full time, but no longer', async () => {
      const { claimIds, advance } = await world();
      expect(await claimIds()).toEqual(['a']);
      advance(-7_200_000);
      expect(await claimIds()).toEqual([]);
      advance(LEASE_MS - 1);
      expect(await claimIds()).toEqual([]);
      advance(1);
      expect(await claimIds()).toEqual(['a']);
    });

    it('so does a delay', async () => {
      const { outbox, claimIds, advance } = await world();
      await outbox.release(await outbox.claim(EVERYTHING), 5_000);
      advance(-7_200_000);
      expect(await claimIds()).toEqual([]);
      advance(5_000);
      expect(await claimIds()).toEqual(['a']);
    });
  });

  describe('outlives its connections:', () => {
    it('appends that are cut off are stored once', async () => {
      const pool = ownPool();
      const table = newTable();
      const outbox = await ready(pool, table);
      const other = await admin.connect();
      const appends: Promise<unknown>[] = [];
      for (let round = 0; round < 10; round += 1) {
        // Nothing can be stored while the table is locked: what is cut is a statement under way.
        await other.query(`BEGIN; LOCK TABLE ${table}`);
        appends.push(...['a', 'b'].map((id) => outbox.append([trackEntry(`${id}${round}`)])));
        while ((await pool.cut("wait_event_type = 'Lock'")) === 0);
        await other.query('ROLLBACK');
        await appends[appends.length - 1];
      }
      other.release();
      await Promise.all(appends);
      const ids = appends.map((_, index) => `${index % 2 === 0 ? 'a' : 'b'}${Math.floor(index / 2)}`);
      expect(idsOf(await outbox.claim(EVERYTHING))).toEqual(ids);
    });

    it('appends whose answers are lost are stored once', async () => {
      const table = newTable();
      await ready(admin, table);
      let lost = 0;
      const client: SqlClient = {
        async query(text, values) {
          const result = await admin.query(text, values);
          if (!text.includes('INSERT') || lost === 3) return result;
          lost += 1;
          throw Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
        },
      };
      const outbox = createPostgresOutbox({ client, table });
      await outbox.append(['a', 'b'].map((id) => trackEntry(id)));
      expect(lost).toBe(3);
      expect(idsOf(await outbox.claim(EVERYTHING))).toEqual(['a', 'b']);
    });

    it('one that breaks while idle does not crash the process', async () => {
      const pool = ownPool();
      const outbox = await ready(pool);
      const broken = new Promise((resolve) => pool.once('remove', resolve));
      expect(await pool.cut()).toBe(1);
      await broken;
      expect(await outbox.stats()).toEqual({ waiting: 0, claimed: 0, bytes: 0 });
    });

    it('a single client whose connection is lost does not crash the process, and its next call says so', async () => {
      const client = await ownClient();
      const outbox = await ready(client);
      const { rows } = await client.query('SELECT pg_backend_pid() AS pid');
      const ended = new Promise((resolve) => client.once('end', resolve));
      await admin.query('SELECT pg_terminate_backend($1)', [rows[0].pid]);
      await ended;
      await expect(outbox.stats()).rejects.toThrow(/connection .*check that the server is up/);
    });

    it('a missing server is reported in the end', async () => {
      const outbox = createPostgresOutbox({ client: ownPool({ connectionString: 'postgres://u@127.0.0.1:1/nobody' }) });
      await expect(outbox.stats()).rejects.toThrow(/connection .*check that the server is up.*ECONNREFUSED/s);
    });
  });

  describe('has a schema', () => {
    const versionOf = (table: string, version: number): Promise<unknown> =>
      admin.query(`UPDATE ${table}_version SET version = ${version}`);

    it('that any number of processes may create at once', async () => {
      const table = newTable();
      const pools = Array.from({ length: 8 }, () => ownPool({ max: 1 }));
      const outboxes = pools.map((client) => createPostgresOutbox({ client, table }));
      await Promise.all(outboxes.map((outbox) => outbox.ensureSchema()));
      await outboxes[0]!.append([trackEntry('a')]);
      expect(idsOf(await outboxes[1]!.claim(EVERYTHING))).toEqual(['a']);
    });

    it('that is one SQL text, and may be run again with entries inside', async () => {
      const table = newTable();
      const outbox = createPostgresOutbox({ client: ownPool(), table });
      await admin.query(postgresSchema({ table }));
      await outbox.append([trackEntry('a')]);
      await admin.query(postgresSchema({ table }));
      await outbox.ensureSchema();
      expect(idsOf(await outbox.claim(EVERYTHING))).toEqual(['a']);
    });

    it('whose absence is reported, and which can be created without a restart', async () => {
      const outbox = createPostgresOutbox({ client: ownPool(), table: newTable() });
      const missing = /outbox_\d+ .*ensureSchema\(\).*postgresSchema\(\)/s;
      await expect(outbox.append([trackEntry('a')])).rejects.toThrow(missing);
      await expect(outbox.claim(EVERYTHING)).rejects.toThrow(missing);
      await outbox.ensureSchema();
      await outbox.append([trackEntry('a')]);
      expect(idsOf(await outbox.claim(EVERYTHING))).toEqual(['a']);
    });

    it('whose loss during use is reported in the same way', async () => {
      const table = newTable();
      const outbox = await ready(ownPool(), table);
      await outbox.append([trackEntry('a')]);
      await admin.query(`DROP TABLE ${table} CASCADE`);
      await expect(outbox.append([trackEntry('b')])).rejects.toThrow(/ensureSchema\(\)/);
    });

    it('of an older version that ensureSchema brings up to date', async () => {
      const table = newTable();
      await ready(ownPool(), table);
      await versionOf(table, 0);
      const outbox = createPostgresOutbox({ client: ownPool(), table });
      await expect(outbox.stats()).rejects.toThrow(/version 0.*ensureSchema\(\)/s);
      await outbox.ensureSchema();
      expect(await outbox.stats()).toEqual({ waiting: 0, claimed: 0, bytes: 0 });
    });

    it('of version 1 that ensureSchema brings up to date, with the events in it', async () => {
      const table = newTable();
      const outbox = await ready(ownPool(), table);
      await outbox.append([trackEntry('a')]);
      await admin.query(`ALTER TABLE ${table} DROP COLUMN waits_since`);
      await admin.query(`DROP FUNCTION ${table}_append_each, ${table}_hides_rows`);
      await versionOf(table, 1);
      await outbox.ensureSchema();
      const updated = createPostgresOutbox({ client: ownPool(), table });
      await updated.append([trackEntry('b')]);
      expect(idsOf(await updated.claim(EVERYTHING))).toEqual(['a', 'b']);
    });

    it('of version 2 that ensureSchema brings up to date, also for a process that has used it before', async () => {
      const table = newTable();
      const outbox = await ready(ownPool(), table);
      await outbox.append(['a', 'b'].map((id) => trackEntry(id)));
      const claim = `${table}_claim(bigint, bigint, bigint, uuid, bigint, uuid[])`;
      const { rows } = await admin.query('SELECT pg_get_functiondef($1::regprocedure) AS sql', [claim]);
      await admin.query(rows[0].sql.replace(/AS \$function\$.*\$function\$/s, 'AS $function$ BEGIN END $function$'));
      await versionOf(table, 2);
      expect(await outbox.claim(EVERYTHING)).toEqual([]);
      const updated = createPostgresOutbox({ client: ownPool(), table });
      await updated.ensureSchema();
      expect(idsOf(await updated.claim({ ...EVERYTHING, maxEntries: 1 }))).toEqual(['a']);
      expect(idsOf(await outbox.claim(EVERYTHING))).toEqual(['b']);
    });

    it('that ensureSchema brings up to date while all tables are published for logical replication', async () => {
      const table = newTable();
      const outbox = await ready(ownPool(), table);
      await versionOf(table, 2);
      const publication = `ours_publication_${process.pid}`;
      const tables = ['', '_identifies', '_dead_letters', '_version'].map((ending) => table + ending);
      await admin.query(`CREATE PUBLICATION ${publication} FOR TABLE ${tables.join(', ')}`);
      onTestFinished(async () => void (await admin.query(`DROP PUBLICATION ${publication}`)));
      await outbox.ensureSchema();
      await outbox.append([trackEntry('a')]);
      await outbox.ack(await outbox.claim(EVERYTHING));
      expect(await outbox.stats()).toEqual({ waiting: 0, claimed: 0, bytes: 0 });
    });

    it('of a newer version that it leaves alone', async () => {
      const table = newTable();
      await ready(ownPool(), table);
      await versionOf(table, 1000);
      const outbox = createPostgresOutbox({ client: ownPool(), table });
      await expect(outbox.stats()).rejects.toThrow(/version 1000.*upgrade ours-ingest/s);
      await expect(outbox.ensureSchema()).rejects.toThrow(/upgrade ours-ingest/);
      await expect(admin.query(postgresSchema({ table }))).rejects.toThrow(/newer/);
    });

    it('under any plain name, even a keyword of SQL', async () => {
      await admin.query(`CREATE SCHEMA IF NOT EXISTS ${SCHEMA}`);
      const client = ownPool({ options: `-c search_path=${SCHEMA}` });
      const outbox = await ready(client, 'user');
      await outbox.append([trackEntry('a')]);
      expect(idsOf(await outbox.claim(EVERYTHING))).toEqual(['a']);
      const { rows } = await admin.query(`SELECT count(*)::integer AS count FROM ${SCHEMA}."user"`);
      expect(rows).toEqual([{ count: 1 }]);
    });
  });

  describe('says what to do', () => {
    it('when the user lacks rights, and works with no more rights than it names', async () => {
      const role = `ours_role_${process.pid}`;
      const table = newTable();
      const owner = await ready(admin, table);
      await admin.query(`CREATE ROLE ${role} LOGIN`);
      onTestFinished(async () => {
        await admin.query(`DROP OWNED BY ${role}`);
        await admin.query(`DROP ROLE ${role}`);
      });
      const client = ownPool({ user: role, connectionString: undefined, host: '127.0.0.1', database: 'test' });
      const outbox = createPostgresOutbox({ client, table });
      await expect(outbox.append([trackEntry('a')])).rejects.toThrow(
        /user lacks a permission.*needs SELECT.*EXECUTE.*42501/s,
      );
      await admin.query(`GRANT USAGE ON SCHEMA ${SCHEMA} TO ${role}`);
      await admin.query(
        `GRANT SELECT, INSERT, UPDATE, DELETE ON ${table}, ${table}_identifies, ${table}_dead_letters, ${table}_version TO ${role}`,
      );
      await admin.query(`GRANT USAGE ON SEQUENCE ${table}_positions TO ${role}`);
      await outbox.ensureSchema();
      await outbox.append([trackEntry('a')]);
      await outbox.deadLetter(await outbox.claim(EVERYTHING), { status: 'dropped', reason: 'too_old' });
      await outbox.deadLetters.replay(['a']);
      await outbox.ack(await outbox.claim(EVERYTHING));
      expect(await owner.stats()).toEqual({ waiting: 0, claimed: 0, bytes: 0 });
      // Without the mark, a process never learns what the others have delivered.
      expect(await outbox.mark()).toEqual(await owner.mark());
      expect(await outbox.forget({ externalId: 'ada' })).toMatchObject({ entries: 0 });
    });

    it('when row level security hides the events, and works once a policy shows them', async () => {
      const role = `ours_rls_${process.pid}`;
      const table = newTable();
      const owner = await ready(admin, table);
      const all = [table, `${table}_identifies`, `${table}_dead_letters`];
      await admin.query(`CREATE ROLE ${role} LOGIN`);
      onTestFinished(async () => {
        await admin.query(`DROP OWNED BY ${role}`);
        await admin.query(`DROP ROLE ${role}`);
      });
      await admin.query(`GRANT USAGE ON SCHEMA ${SCHEMA} TO ${role}`);
      await admin.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ${all.join(', ')}, ${table}_version TO ${role}`);
      await admin.query(`GRANT USAGE ON SEQUENCE ${table}_positions TO ${role}`);
      const client = ownPool({ user: role, connectionString: undefined, host: '127.0.0.1', database: 'test' });
      const outbox = createPostgresOutbox({ client, table });
      await outbox.append([trackEntry('a'), identifyEntry('i', { externalId: 'ada' })]);

      const hidden = /row level security.*BYPASSRLS.*USING \(true\)/s;
      await admin.query(`ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY`);
      await expect(outbox.claim(EVERYTHING)).rejects.toThrow(hidden);
      // An entry that is hidden is not gone.
      expect((await admin.query(`SELECT FROM ${table}_identifies`)).rowCount).toBe(1);

      for (const one of all) await admin.query(`ALTER TABLE ${one} ENABLE ROW LEVEL SECURITY`);
      await expect(outbox.claim(EVERYTHING)).rejects.toThrow(hidden);
      await expect(outbox.append([trackEntry('b')])).rejects.toThrow(hidden);
      await expect(outbox.stats()).rejects.toThrow(hidden);
      await expect(outbox.lookUp(['a'])).rejects.toThrow(hidden);
      // The owner is not subject to it.
      expect(await owner.stats()).toMatchObject({ waiting: 2 });

      for (const one of all) await admin.query(`CREATE POLICY partial ON ${one} TO ${role} USING (current_user = 'x')`);
      await expect(outbox.claim(EVERYTHING)).rejects.toThrow(hidden);
      for (const one of all) await admin.query(`CREATE POLICY relay ON ${one} TO ${role} USING (true)`);
      await outbox.append([trackEntry('b')]);
      expect(idsOf(await outbox.claim(EVERYTHING))).toEqual(['a', 'i', 'b']);

      await admin.query(`CREATE POLICY narrow ON ${table} AS RESTRICTIVE USING (current_user = 'x')`);
      await expect(outbox.stats()).rejects.toThrow(hidden);
    });

    it('when the answers of the client cannot be read, and stores nothing', async () => {
      const table = newTable();
      const owner = await ready(admin, table);
      const client: SqlClient = {
        async query(text, values) {
          const { rows } = await admin.query<object>(text, values);
          return { rows: rows.map(() => ({})) };
        },
      };
      const outbox = createPostgresOutbox({ client, table });
      await expect(outbox.append([trackEntry('a')])).rejects.toThrow(/result.*cannot be read.*plugin.*type parser/s);
      expect(await owner.stats()).toMatchObject({ waiting: 0 });
    });

    it.each([
      ['there is no such user', { user: 'ours_nobody', database: 'test' }, /rejected this user.*28000/],
      ['there is no such database', { user: 'postgres', database: 'ours_nowhere' }, /database does not exist.*3D000/],
    ])('when %s', async (_, options, message) => {
      const client = ownPool({ ...options, connectionString: undefined, host: '127.0.0.1' });
      await expect(createPostgresOutbox({ client }).append([trackEntry('a')])).rejects.toThrow(message);
    });

    it('when the database is read-only', async () => {
      const table = newTable();
      await ready(admin, table);
      const client = ownPool({ options: '-c default_transaction_read_only=on' });
      const outbox = createPostgresOutbox({ client, table });
      await expect(outbox.append([trackEntry('a')])).rejects.toThrow(/read-only.*primary.*25006/s);
      await expect(outbox.claim(EVERYTHING)).rejects.toThrow(/25006/);
    });
  });

  it('uses the clock of the database, whatever the clocks of its processes say', async () => {
    const outbox = await ready();
    await outbox.append([trackEntry('a')]);
    const { rows } = await admin.query('SELECT extract(epoch FROM clock_timestamp()) * 1000 AS now');
    const { appendedAt } = (await outbox.oldest())!;
    expect(appendedAt).toBeLessThanOrEqual(Number((rows as { now: string }[])[0]!.now));
    expect(idsOf(await outbox.claim({ ...EVERYTHING, leaseMs: 0 }))).toEqual(['a']);
    expect(idsOf(await outbox.claim(EVERYTHING))).toEqual(['a']);
    expect(await outbox.claim(EVERYTHING)).toEqual([]);
  });

  it('finds the oldest entry by the value of its number, not by its spelling', async () => {
    const outbox = await ready();
    for (let number = 1; number <= 12; number += 1) await outbox.append([trackEntry(String(number))]);
    await outbox.ack(await outbox.claim({ ...EVERYTHING, maxEntries: 1 }));
    expect((await outbox.oldest())!.position).toBe(2);
  });

  it('keeps ids that PostgreSQL cannot hold', async () => {
    const outbox = await ready();
    const ids = ['\0', 'a\0b', '\\u0000', '\ud800', '\udc00x', '😀\\', 'a'.repeat(400)];
    await outbox.append(ids.map((id) => trackEntry(id)));
    expect(idsOf((await outbox.append(ids.map((id) => trackEntry(id)))).duplicates)).toEqual(ids);
    expect([...(await outbox.lookUp(ids)).keys()].toSorted()).toEqual(ids.toSorted());
    const claimed = await outbox.claim(EVERYTHING);
    expect(idsOf(claimed)).toEqual(ids);
    await outbox.deadLetter(claimed, { status: 'rejected', code: 'invalid_event', message: 'a \0 b' });
    expect(await outbox.deadLetters.get('a\0b')).toMatchObject({ distinctId: 'a\0b', outcome: { message: 'a \0 b' } });
    expect(await outbox.deadLetters.replay(ids)).toBe(ids.length);
  });

  it('looks up one identify for each entry of a claim, however many of the person wait before it', async () => {
    const COUNT = 300;
    const client = await ownClient();
    const outbox = await ready(client);
    const guest = { externalId: 'guest' };
    await outbox.append(Array.from({ length: COUNT }, (_, at) => identifyEntry(String(at), guest)));
    const reads = async (): Promise<number> => {
      const { rows } = await client.query(
        `SELECT (seq_tup_read + idx_tup_fetch)::integer AS count FROM pg_stat_xact_user_tables
         WHERE relid = '${SCHEMA}.outbox_${tables}_identifies'::regclass`,
      );
      return rows[0].count;
    };
    // The first claim sweeps.
    await outbox.claim({ ...EVERYTHING, maxEntries: 0 });
    await client.query('BEGIN');
    const before = await reads();
    expect(await outbox.claim(EVERYTHING)).toHaveLength(COUNT);
    expect((await reads()) - before).toBeLessThanOrEqual(COUNT);
    await client.query('COMMIT');
  });

  describe('removes identifies whose entries are gone', () => {
    const ada = { externalId: 'ada' };
    const identifiesOf = async (table: string): Promise<number> =>
      (await admin.query(`SELECT FROM ${table}_identifies`)).rowCount!;

    it('after a TRUNCATE of the entries alone, so that no event of their people waits forever', async () => {
      const table = newTable();
      const outbox = await ready(ownPool(), table);
      // More than one sweep removes.
      await outbox.append(
        Array.from({ length: 1_500 }, (_, at) => identifyEntry(String(at), { userId: `user ${at}` })),
      );
      await outbox.append([identifyEntry('i', ada)]);
      await admin.query(`TRUNCATE ${table}`);
      await outbox.append([trackEntry('t', ada), trackEntry('u')]);
      const claims = [await outbox.claim(EVERYTHING), await outbox.claim(EVERYTHING), await outbox.claim(EVERYTHING)];
      expect(idsOf(claims.flat()).toSorted()).toEqual(['t', 'u']);
      expect(await identifiesOf(table)).toBe(0);
    });

    it('and none whose append has not been committed when it looks', async () => {
      const table = newTable();
      const outbox = await ready(ownPool(), table);
      const tx = await ownClient();
      await tx.query('BEGIN');
      await outbox.within(tx)([identifyEntry('i', ada)]);
      expect(await outbox.claim(EVERYTHING)).toEqual([]);
      await tx.query('COMMIT');
      await outbox.append([trackEntry('t', ada)]);
      const relay = createPostgresOutbox({ client: ownPool(), table });
      expect(idsOf(await relay.claim({ ...EVERYTHING, maxEntries: 1 }))).toEqual(['i']);
      expect(await relay.claim(EVERYTHING)).toEqual([]);
    });

    it('and none beside appends and acks of other processes', async () => {
      const table = newTable();
      const outbox = await ready(ownPool(), table);
      let isDone = false;
      const sweep = async (): Promise<void> => {
        while (!isDone) {
          expect(await createPostgresOutbox({ client: admin, table }).claim({ ...EVERYTHING, maxEntries: 0 })).toEqual(
            [],
          );
        }
      };
      const sweeps = [sweep(), sweep()];
      for (let round = 0; round < 50; round += 1) {
        await outbox.append([identifyEntry(`i${round}`, ada), trackEntry(`t${round}`, ada)]);
        const identify = await outbox.claim({ ...EVERYTHING, maxEntries: 1 });
        expect(idsOf(identify)).toEqual([`i${round}`]);
        expect(await outbox.claim(EVERYTHING)).toEqual([]);
        await outbox.ack(identify);
        await outbox.ack(await outbox.claim(EVERYTHING));
      }
      isDone = true;
      await Promise.all(sweeps);
      expect(await identifiesOf(table)).toBe(0);
    });
  });

  it('returns the free entries while other processes are claiming', async () => {
    const outbox = await ready();
    const table = `${SCHEMA}.outbox_${tables}`;
    await outbox.append(['a', 'b'].map((id) => trackEntry(id)));
    const other = await admin.connect();
    await other.query('BEGIN');
    await other.query(`SELECT FROM ${table} WHERE distinct_id = 'a' FOR UPDATE`);
    expect(idsOf(await outbox.claim(EVERYTHING))).toEqual(['b']);
    await other.query('ROLLBACK');
    other.release();
    expect(idsOf(await outbox.claim(EVERYTHING))).toEqual(['a']);
  });
});
