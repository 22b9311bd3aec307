import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { PrismaPg } from '@prisma/adapter-pg';
import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import createKnex from 'knex';
import { CompiledQuery, Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import { createClient } from 'redis';
import { describe, expect, it, onTestFinished } from 'vitest';
import { diagnose } from '../../../src/outbox/durable/errors/diagnose.js';
import type { Engine } from '../../../src/outbox/durable/errors/transient-errors.js';
import { explain } from '../../../src/outbox/sqlite/sqlite-error.js';
import { PrismaClient } from '../../prisma/client/client.js';
import { hasRedisServer, startRedis } from '../redis/server.js';

const coded = (code: string, message = 'as it was put'): Error => Object.assign(new Error(message), { code });
const said = (message: string, name = 'Error'): Error => Object.assign(new Error(message), { name });

const isTransient = (engine: Engine, error: unknown): boolean => diagnose(error, engine, 'place').isTransient;
const adviceFor = (engine: Engine, error: unknown): string => diagnose(error, engine, 'place').advice;

describe('tried again is', () => {
  it.each<[Engine, string, unknown]>([
    ['postgres', 'a lost connection (class 08)', coded('08006')],
    ['postgres', "PgBouncer's own trouble", coded('08P01', 'query_wait_timeout')],
    ['postgres', 'a demoted primary', coded('25006')],
    ['postgres', 'a transaction the server has timed out', coded('25P04')],
    ['postgres', 'a serialization failure', coded('40001')],
    ['postgres', 'a deadlock', coded('40P01')],
    ['postgres', 'a full disk', coded('53100')],
    ['postgres', 'out of memory', coded('53200')],
    ['postgres', 'too many connections', coded('53300')],
    ['postgres', 'a lock timeout', coded('55P03')],
    ['postgres', 'a statement timeout', coded('57014')],
    ['postgres', 'a shutdown', coded('57P01')],
    ['postgres', 'a server that starts', coded('57P03')],
    ['postgres', 'an idle session that was ended', coded('57P05')],
    ['postgres', 'an I/O error of the server', coded('58030')],
    ['postgres', "a pooler's complaint without a code of its own", coded('XX000', 'Max client connections reached')],
    ['postgres', 'a prepared statement behind a transaction pooler', coded('26000')],
    ['postgres', 'a plan older than a migration', coded('0A000', 'cached plan must not change result type')],
    ['postgres', 'a name that is gone from DNS', coded('ENOTFOUND')],
    ['postgres', 'DNS that does not answer', coded('EAI_AGAIN')],
    ['postgres', 'a host that is not there', coded('EHOSTUNREACH')],
    ['postgres', 'a socket that timed out', coded('ETIMEDOUT')],
    ['postgres', 'a pipe that broke', coded('EPIPE')],
    [
      'postgres',
      'a pg client whose connection broke',
      said('Client has encountered a connection error and is not queryable'),
    ],
    ['postgres', 'postgres.js, closed by the server', coded('CONNECTION_CLOSED')],
    ['postgres', 'postgres.js, no connection in time', coded('CONNECT_TIMEOUT')],
    ['postgres', 'postgres.js, ended', coded('CONNECTION_ENDED')],
    ['postgres', 'postgres.js, destroyed', coded('CONNECTION_DESTROYED')],
    ...['P1001', 'P1002', 'P1008', 'P1011', 'P1017', 'P2024', 'P2028', 'P2034', 'P2037'].map(
      (code): [Engine, string, unknown] => ['postgres', `Prisma's ${code}`, coded(code)],
    ),
    [
      'postgres',
      "Prisma's P2010 around a lost connection, without an adapter",
      Object.assign(coded('P2010'), { meta: { code: '57P01', message: 'terminating connection' } }),
    ],
    [
      'postgres',
      "TypeORM's wrapping of a timeout",
      Object.assign(said('x', 'QueryFailedError'), { driverError: coded('57014') }),
    ],
    [
      'postgres',
      'fetch that failed, under an HTTP driver',
      new TypeError('fetch failed', { cause: coded('ECONNRESET') }),
    ],
    ['postgres', 'fetch that failed without a cause', new TypeError('fetch failed')],
    ['postgres', 'both addresses of a host refused', new AggregateError([coded('ECONNREFUSED'), coded('ENETUNREACH')])],
    ['postgres', 'what has no name here', said('the moon is in the wrong phase')],

    ['redis', 'a dataset that is loading', said('LOADING Redis is loading the dataset in memory')],
    ['redis', 'a demoted primary', said("READONLY You can't write against a read only replica.")],
    [
      'redis',
      'the same within a script of an old Redis',
      said('ERR Error running script: -READONLY You can not write'),
    ],
    ['redis', 'a cluster without a quorum', said('CLUSTERDOWN The cluster is down')],
    ['redis', 'a replica without its primary', said('MASTERDOWN Link with MASTER is down')],
    ['redis', 'slots that move', said('TRYAGAIN Multiple keys request during rehashing of slot')],
    ['redis', 'a script that takes long', said('BUSY Redis is busy running a script.')],
    ['redis', 'memory that is full', said("OOM command not allowed when used memory > 'maxmemory'.")],
    ['redis', 'a disk that cannot be written', said('MISCONF Redis is configured to save RDB snapshots')],
    ['redis', 'too few replicas', said('NOREPLICAS Not enough good replicas to write.')],
    ['redis', 'too many clients', said('ERR max number of clients reached')],
    ['redis', "a proxy's lost server", said('ERR Connection refused')],
    ['redis', 'a state that a later Redis names', said('HANDOVER This node is handing over')],
    ['redis', 'ioredis in a failover', said('Connection is closed.')],
    [
      'redis',
      'ioredis that is out of retries',
      said('Reached the max retries per request limit', 'MaxRetriesPerRequestError'),
    ],
    [
      'redis',
      'an ioredis cluster that is',
      said('Too many Cluster redirections. Last error: Error: Connection is closed.'),
    ],
    [
      'redis',
      'an ioredis cluster that finds no node',
      Object.assign(said('Failed to refresh slots cache.', 'ClusterAllFailedError'), {
        lastNodeError: coded('ETIMEDOUT'),
      }),
    ],
    ['redis', 'node-redis that is closed', said('The client is closed', 'ClientClosedError')],
    ['redis', 'node-redis that is offline', said('The client is offline', 'ClientOfflineError')],
    ['redis', 'node-redis whose socket closed', said('Socket closed unexpectedly', 'SocketClosedUnexpectedlyError')],

    ['sqlite', 'a file that is in use', coded('SQLITE_BUSY_SNAPSHOT')],
    ['sqlite', 'a table that is', coded('SQLITE_LOCKED_SHAREDCACHE')],
    ['sqlite', 'a disk that failed', coded('SQLITE_IOERR_FSYNC')],
    ['sqlite', 'a full disk', coded('SQLITE_FULL')],
    ['sqlite', 'no memory', coded('SQLITE_NOMEM')],
    ['sqlite', 'a process with too many files open', coded('EMFILE')],
  ])('%s: %s', (engine, _, error) => {
    expect(isTransient(engine, error)).toBe(true);
  });
});

describe('refused at once is', () => {
  it.each<[Engine, string, unknown, RegExp]>([
    ['postgres', 'a wrong password', coded('28P01'), /credentials/],
    ['postgres', 'a user that may not connect', coded('28000'), /pg_hba\.conf/],
    ['postgres', 'a user without the right', coded('42501'), /needs SELECT, INSERT/],
    ['postgres', 'a database that is not there', coded('3D000'), /check the name/],
    ['postgres', 'a missing table', coded('42P01'), /the tables of place .* ensureSchema\(\)/],
    ['postgres', 'a statement that is wrong', coded('42601', 'syntax error'), /refused the statement: syntax error/],
    ['postgres', 'a value that is', coded('22P02', 'quoted value'), /^the database refused the data of the event$/],
    ['postgres', 'a character that the encoding lacks', coded('22P05', '0xf0'), /^[^0]*encoding UTF8$/],
    ['postgres', 'a transaction that has failed', coded('25P02'), /roll it back/],
    ['postgres', 'a damaged page', coded('XX001', 'invalid page'), /invalid page.*damaged/],
    [
      'postgres',
      "a refusal whose words are a connection's",
      coded('42601', 'syntax error at or near "connection"'),
      /refused/,
    ],
    ['postgres', 'a certificate that is not trusted', coded('SELF_SIGNED_CERT_IN_CHAIN'), /give the SQL client the CA/],
    ['postgres', 'a client that is closed', said('Cannot use a pool after calling end on the pool'), /close it after/],
    [
      'postgres',
      'a client that is none',
      new TypeError('x.query is not a function'),
      /used incorrectly.*not a function/,
    ],
    ['redis', 'no password', said('NOAUTH Authentication required.'), /requires a password/],
    ['redis', 'a wrong one', said('WRONGPASS invalid username-password pair'), /rejected the user name or password/],
    [
      'redis',
      'a command that is forbidden',
      said("NOPERM User app has no permissions to run 'evalsha'"),
      /ACL SETUSER .*\{place\}/,
    ],
    [
      'redis',
      'missing permissions within a script',
      said("ERR The user executing the script can't run this command or subcommand"),
      /ACL SETUSER .*\{place\}/,
    ],
    ['redis', 'a key of another kind', said('WRONGTYPE Operation against a key'), /\{place\}:\* has another type/],
    ['redis', 'a server that is too old', said("ERR unknown command 'XAUTOCLAIM'"), /Redis 6\.2 or later/],
    ['redis', 'a command that is wrong', said('ERR wrong number of arguments'), /answered: ERR wrong number/],
    ['redis', 'a client that is none', new TypeError('call is not a function'), /used incorrectly/],
    ['sqlite', 'a damaged file', coded('SQLITE_CORRUPT_VTAB'), /is damaged/],
    ['sqlite', 'another file', coded('SQLITE_NOTADB'), /is not an SQLite database/],
    ['sqlite', 'a file that may not be written', coded('SQLITE_READONLY_DIRECTORY'), /cannot be written/],
    ['sqlite', 'what has no name here', said('out of luck.'), /place failed: out of luck$/],
  ])('%s: %s', (engine, _, error, advice) => {
    expect(isTransient(engine, error)).toBe(false);
    expect(adviceFor(engine, error)).toMatch(advice);
  });

  it("a file that Node's permission model keeps from this process: nothing was stored", () => {
    expect(explain(coded('ERR_ACCESS_DENIED'), 'place')).toMatchObject({
      message: expect.stringMatching(/^place cannot be opened.*may write to it \(SQLITE_CANTOPEN\)\.$/),
      isTransient: false,
      storedNothing: true,
    });
  });
});

describe('the cause decides, however libraries wrap it:', () => {
  const wrap = fc.constantFrom<(error: Error) => Error>(
    (error) => new Error('Failed query: … params: ada@example.org', { cause: error }),
    (error) => Object.assign(new Error('QueryFailedError'), { driverError: error }),
    (error) => new AggregateError([error]),
    (error) => Object.assign(new Error('Raw query failed'), { code: 'P2010', meta: { driverAdapterError: error } }),
    (error) => Object.assign(new Error('SequelizeDatabaseError'), { original: error }),
  );
  const codes = fc.constantFrom('57P05', '42P01', '28P01', '40001', '23505', 'ECONNRESET', '53100', '25006', 'XX000');

  it('the diagnosis is the same, and never quotes what a library has put into its message', () => {
    fc.assert(
      fc.property(codes, fc.array(wrap, { maxLength: 6 }), (code, wraps) => {
        const bare = coded(code);
        const wrapped = wraps.reduce<Error>((error, around) => around(error), bare);
        expect(diagnose(wrapped, 'postgres', 'place')).toEqual(diagnose(bare, 'postgres', 'place'));
        expect(adviceFor('postgres', wrapped)).not.toContain('ada@');
      }),
    );
  });

  it('an error that is its own cause is read once', () => {
    const error = coded('57P01');
    error.cause = new Error('around', { cause: error });
    expect(isTransient('postgres', error)).toBe(true);
  });
});

it('every SQLSTATE has an answer by its class, whether this package knows the code or not', () => {
  const passing = /^(08|40|53|55|57|58)|^XX(?!00[12])/;
  const letters = fc.constantFrom(...'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ');
  const tail = fc.tuple(letters, letters, letters).map((three) => three.join(''));
  const classes = fc.constantFrom('08', '22', '23', '28', '2B', '40', '42', '44', '53', '54', '55', '57', '58', 'XX');
  fc.assert(
    fc.property(classes, tail, (head, rest) => {
      const code = head + rest;
      fc.pre(code !== '42P05');
      expect(isTransient('postgres', coded(code))).toBe(passing.test(code));
    }),
  );
});

/** What a promise rejects with. */
const failureOf = (promise: PromiseLike<unknown>): Promise<unknown> =>
  Promise.resolve(promise).then(
    () => expect.unreachable('it was to fail'),
    (error: unknown) => error,
  );

/** A port where connections are taken and nothing is ever answered. */
async function silentPort(): Promise<number> {
  const server = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

const REFUSED = { host: '127.0.0.1', port: 1 };

describe('the SQL clients, where no server can be reached, fail with what is tried again:', () => {
  const pool = (options: pg.PoolConfig): pg.Pool => {
    const made = new pg.Pool(options);
    onTestFinished(() => made.end());
    return made;
  };

  it.each<[string, () => Promise<unknown>]>([
    ['pg', () => failureOf(pool(REFUSED).query('SELECT 1'))],
    ['pg, by a host name that does not exist', () => failureOf(pool({ host: 'nowhere.invalid' }).query('SELECT 1'))],
    [
      'pg, where the server does not answer (Pool)',
      async () =>
        failureOf(pool({ ...REFUSED, port: await silentPort(), connectionTimeoutMillis: 50 }).query('SELECT 1')),
    ],
    [
      'pg, where the server does not answer (Client)',
      async () =>
        failureOf(new pg.Client({ ...REFUSED, port: await silentPort(), connectionTimeoutMillis: 50 }).connect()),
    ],
    ['Drizzle', () => failureOf(drizzle(pool(REFUSED)).execute(sql`SELECT ${'ada@example.org'}::text`))],
    [
      'Kysely',
      () =>
        failureOf(
          new Kysely({ dialect: new PostgresDialect({ pool: pool(REFUSED) }) }).executeQuery(
            CompiledQuery.raw('SELECT 1'),
          ),
        ),
    ],
    [
      'Knex',
      async () => {
        const knex = createKnex({ client: 'pg', connection: REFUSED, log: { warn: () => undefined } });
        onTestFinished(() => knex.destroy());
        return failureOf(knex.raw('SELECT 1'));
      },
    ],
    [
      'Prisma',
      async () => {
        const prisma = new PrismaClient({ adapter: new PrismaPg(REFUSED) });
        onTestFinished(() => prisma.$disconnect());
        return failureOf(prisma.$queryRawUnsafe('SELECT 1'));
      },
    ],
  ])('%s', async (_, fail) => {
    const error = await fail();
    expect(diagnose(error, 'postgres', 'place')).toMatchObject({
      isTransient: true,
      advice: expect.stringMatching(/check that the server is up/),
    });
  });
});

describe.runIf(process.env.POSTGRES_URL !== undefined)(
  'the SQL clients, on a server, fail with what is tried again:',
  () => {
    const connectionString = process.env.POSTGRES_URL!;

    it('pg, whose pool is empty', async () => {
      const pool = new pg.Pool({ connectionString, max: 1, connectionTimeoutMillis: 2_000 });
      const held = await pool.connect();
      const error = await failureOf(pool.query('SELECT 1'));
      held.release();
      await pool.end();
      expect(diagnose(error, 'postgres', 'place')).toMatchObject({
        isTransient: true,
        advice: expect.stringMatching(/no free connection/),
      });
    });

    it('Knex, whose pool is empty', async () => {
      const knex = createKnex({
        client: 'pg',
        connection: connectionString,
        pool: { min: 0, max: 1 },
        // Generous: the first connection has to be there in time.
        acquireConnectionTimeout: 3_000,
        log: { warn: () => undefined },
      });
      const held = await knex.transaction();
      const error = await failureOf(knex.raw('SELECT ?::text', ['ada@example.org']));
      await held.rollback();
      await knex.destroy();
      expect(isTransient('postgres', error)).toBe(true);
      expect(adviceFor('postgres', error)).not.toContain('ada@');
    });

    it('pg, whose time for an answer is over', async () => {
      const pool = new pg.Pool({ connectionString, query_timeout: 50 });
      const error = await failureOf(pool.query('SELECT pg_sleep(60)'));
      await pool.end();
      expect(isTransient('postgres', error)).toBe(true);
    });

    it('Prisma, whose statement was cancelled', async () => {
      const adapter = new PrismaPg({ connectionString, options: '-c statement_timeout=50' });
      const prisma = new PrismaClient({ adapter });
      const error = await failureOf(prisma.$queryRawUnsafe('SELECT pg_sleep(60)::text'));
      await prisma.$disconnect();
      expect(diagnose(error, 'postgres', 'place')).toMatchObject({ isTransient: true, code: '57014' });
    });
  },
);

describe.skipIf(!hasRedisServer)('the Redis clients fail with what is tried again:', () => {
  it('node-redis, on a server that takes no more clients', async () => {
    const server = await startRedis();
    const admin = server.connect();
    await admin.config('SET', 'maxclients', '1');
    const client = createClient({ url: server.url, socket: { reconnectStrategy: false } });
    client.on('error', () => undefined);
    const error = await failureOf(client.connect());
    expect(diagnose(error, 'redis', 'place')).toMatchObject({ isTransient: true });
  });

  it('either, before it is connected or after it was closed', async () => {
    const closed = new Redis({ lazyConnect: true });
    closed.disconnect();
    for (const failing of [closed.get('a'), createClient().get('a')]) {
      expect(diagnose(await failureOf(failing), 'redis', 'place')).toMatchObject({
        isTransient: true,
        advice: expect.stringMatching(/is not connected: connect it first/),
      });
    }
  });

  it('ioredis, where the server refuses connections', async () => {
    const client = new Redis({ port: 1, maxRetriesPerRequest: 0, retryStrategy: () => 1 });
    client.on('error', () => undefined);
    onTestFinished(() => client.disconnect());
    expect(isTransient('redis', await failureOf(client.get('a')))).toBe(true);
  });
});
