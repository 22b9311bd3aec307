/** A kind of failure: it must match all of the patterns. */
export interface ErrorRow extends Sign {
  /** Whether the same call may succeed a moment later. */
  readonly isTransient: boolean;
  readonly advice: Advice;
}

interface Sign {
  readonly code?: RegExp;
  readonly name?: RegExp;
  /** Matches the message. */
  readonly says?: RegExp;
}

/**
 * What happened and what to do, without a full stop.
 *
 * @param place the table, name or file of the outbox
 * @param said the innermost message, safe to show
 */
type Advice = string | ((place: string, said: string) => string);

export type Engine = 'postgres' | 'redis' | 'sqlite';

/*
 * The rule: a failure is permanent only if the server itself refused the call because of its content or its user. Everything else
 * is transient and retried: connections, the network, restarts, failovers, shortages, conflicts, and anything not listed here.
 * Retrying for ten seconds costs ten seconds; giving up costs events. The first matching row counts.
 */
const passes = (sign: Sign, advice: Advice): ErrorRow => ({ ...sign, isTransient: true, advice });
const lasts = (sign: Sign, advice: Advice): ErrorRow => ({ ...sign, isTransient: false, advice });

/** What to do if the tables are missing or old. */
export const TO_MIGRATE = 'run ensureSchema() or the SQL of postgresSchema()';

export function missingTables(table: string): string {
  return `the tables of ${table} do not exist in the client's database: ${TO_MIGRATE}`;
}

/** A bug in the program, which will fail again. But `fetch failed` is a network error. */
const PROGRAM_ERROR = lasts(
  { name: /^(Type|Range|Reference|Syntax)Error$/, says: /^(?!fetch failed)/ },
  (_, said) => `the client passed to the outbox is broken or used incorrectly: ${said}`,
);

/** Node's and the libraries' names for an untrusted certificate. */
const UNTRUSTED =
  /^(CERT_|DEPTH_ZERO_SELF_SIGNED_CERT|ERR_TLS_CERT|HOSTNAME_MISMATCH|SELF_SIGNED_CERT|UNABLE_TO_(GET|VERIFY))/;

/** Names of failures below any protocol: sockets, DNS, file descriptors. */
const NETWORK =
  /^(E(CONN\w+|PIPE|TIMEDOUT|AI_\w+|NOTFOUND|HOST\w+|NET\w+|ADDRNOTAVAIL|MFILE|NFILE)|ERR_SOCKET\w*|ERR_STREAM\w*)$/;

/** For every way in which a database is unreachable. */
const UNREACHABLE = 'the connection to the database failed or was lost: check that the server is up and reachable';

const NO_FREE_CONNECTION =
  'the SQL client had no free connection in time: check that the server is up, find out what holds the connections, or enlarge the pool';

/** Words in clients' messages about failed connections without a code. */
const CONNECTION_WORDS =
  /connect|socket|timed? ?out|timeout|terminated|unreachable|hang ?up|EPIPE|not queryable|network|fetch failed/i;

/** https://www.postgresql.org/docs/current/errcodes-appendix.html. A class comes after those of its codes that have a row of their own. */
const POSTGRES: readonly ErrorRow[] = [
  // The server refused this user, this database or this statement.
  lasts({ code: /^28P01$/ }, "the server refused the password: check the client's credentials"),
  lasts(
    { code: /^(28...|P1000|P1010)$/ },
    "the server rejected this user: check the client's user and database, and pg_hba.conf",
  ),
  lasts({ code: /^(3D000|P1003)$/ }, "the database does not exist: check the name in the client's connection string"),
  lasts({ code: /^(3F000|42P01|42703|42883)$/ }, missingTables),
  lasts(
    { code: /^42501$/ },
    "the client's user lacks a permission: it needs SELECT, INSERT, UPDATE and DELETE on the outbox's tables and USAGE on its sequence and schema, and EXECUTE on its functions; ensureSchema() needs the right to create them",
  ),
  // A transaction pooler sends each statement to another connection, and the next attempt may get the right one.
  passes(
    { code: /^(26000|42P05)$/ },
    'a prepared statement is not on this connection: there is a transaction pooler such as PgBouncer in between. Disable prepared statements in the SQL client, or enable their support in the pooler',
  ),
  passes(
    { code: /^0A000$/, says: /cached plan/ },
    'a prepared statement is older than the tables: a migration ran while the connection was open',
  ),
  // The server works, but not here or not now.
  passes(
    { code: /^25006$/ },
    'the database is read-only: after a failover the connection may still lead to the old primary. If this persists, connect to the primary, not a standby',
  ),
  passes(
    { code: /^25P0[34]$/ },
    'the server ended a transaction that took too long: raise its timeout, or find out what keeps the database busy',
  ),
  lasts({ code: /^25P02$/ }, 'an earlier statement of this transaction failed: roll it back'),
  passes({ code: /^(40...|P2034)$/ }, 'another transaction conflicted (a serialization failure or a deadlock)'),
  passes({ code: /^55...$/ }, 'another transaction holds a lock, or the object is not ready: check pg_locks'),
  passes({ code: /^53100$/ }, "the database's disk is full: free some space"),
  passes(
    { code: /^(53300|P2037)$/ },
    'the database accepts no more connections: reduce the pools or raise max_connections',
  ),
  passes({ code: /^53...$/ }, (_, said) => `the database is short of memory or has reached a limit: ${said}`),
  passes(
    { code: /^57014$/ },
    'the statement was cancelled, by statement_timeout or manually: find out what keeps the database busy, or raise the timeout',
  ),
  passes(
    { code: /^57P05$/ },
    'the server ended an idle connection (idle_session_timeout): configure the pool to close idle connections sooner than the server does',
  ),
  passes(
    { code: /^(57...|P1001|P1002|P1017)$/ },
    'the server is stopping, starting or failing over: check that the server is up and reachable',
  ),
  passes(
    { code: /^58...$/ },
    (_, said) => `the database's file system failed: check its log and its disk. It said: ${said}`,
  ),
  lasts(
    { code: /^XX00[12]$/ },
    (_, said) => `the database failed: ${said}. Its files may be damaged: check its log first`,
  ),
  // Poolers and compatible databases use it for anything without a code.
  passes({ code: /^XX...$/ }, (_, said) => `the database failed: ${said}`),
  // The SQL client.
  lasts(
    { code: UNTRUSTED },
    "the server's certificate is not trusted: give the SQL client the CA, and connect by the name in the certificate",
  ),
  lasts(
    { says: /after calling end on the pool|Client was closed and is not queryable|driver has already been destroyed/ },
    'the SQL client was closed: close it after ours-ingest',
  ),
  passes(
    { code: /^CONNECTION_(ENDED|DESTROYED)$/ },
    'the SQL client ended its connections: close it after ours-ingest',
  ),
  passes({ code: /^(P2024|P2028)$/ }, NO_FREE_CONNECTION),
  passes(
    { says: /^timeout exceeded when trying to connect|Timeout acquiring a connection|Unable to acquire a connection/ },
    NO_FREE_CONNECTION,
  ),
  // PgBouncer uses 08P01 for all its errors.
  passes({ code: /^(08...|CONNECTION_CLOSED|CONNECT_TIMEOUT|P1\d{3})$/ }, UNREACHABLE),
  // Prisma's adapters.
  passes({ name: /^(DatabaseNotReachable|ConnectionClosed|SocketTimeout|TlsConnectionError)$/ }, UNREACHABLE),
  passes({ code: NETWORK }, UNREACHABLE),
  lasts(
    { code: /^(22P05|22021)$/ },
    "the database's encoding cannot store a character of the event: use a database with the encoding UTF8",
  ),
  // The server quotes what it refuses.
  lasts({ code: /^22...$/ }, 'the database refused the data of the event'),
  // Before the connection words, because the message of a refusal may contain any word. P2010 says nothing: it wraps every error
  // of a raw query.
  lasts(
    { code: /^(\d[0-9A-Z]|F0|HV|P0)[0-9A-Z]{3}$|^P2(?!010)\d{3}$/ },
    (_, said) => `the database refused the statement: ${said}`,
  ),
  PROGRAM_ERROR,
  passes({ says: CONNECTION_WORDS }, UNREACHABLE),
];

/** A reply begins with an upper-case code; scripts in old versions of Redis put it in the middle of the message. */
const REDIS: readonly ErrorRow[] = [
  lasts(
    { says: /\b(NOAUTH|DENIED)\b/ },
    'Redis requires a password: give the client one, as in redis://user:password@host',
  ),
  lasts(
    { says: /\bWRONGPASS\b|invalid password/ },
    'Redis rejected the user name or password: check those of the client',
  ),
  lasts(
    // Redis 7.0 has no code for what a script may not do.
    { says: /\bNOPERM\b|^ERR The user executing the script can't/ },
    (name) =>
      `this Redis user lacks permissions that the outbox needs: ACL SETUSER <user> ~{${name}}:* +@read +@write +@scripting +time`,
  ),
  lasts(
    { says: /\bWRONGTYPE\b/ },
    (name) => `one of the keys {${name}}:* has another type: give the outbox another name, or remove that key`,
  ),
  lasts(
    { says: /\bNOGROUP\b/ },
    (name) =>
      `the stream's group is gone: XGROUP CREATE {${name}}:stream relays 0 makes every entry be delivered again`,
  ),
  passes(
    { says: /\bREADONLY\b/ },
    'this Redis is a read-only replica: after a failover the connection may still lead to the old primary. If this persists, connect to the primary, through Sentinel or the cluster',
  ),
  passes({ says: /\bOOM\b/ }, 'Redis has reached maxmemory: raise it, or check why no relay drains the outbox'),
  passes(
    { says: /\bMISCONF\b/ },
    'Redis cannot write to its disk and rejects writes until it can: check its log and free some space',
  ),
  passes({ says: /max number of clients/ }, 'Redis accepts no more connections: reduce the pools or raise maxclients'),
  passes(
    { says: /\bNOREPLICAS\b/ },
    'Redis has too few replicas to accept writes (min-replicas-to-write): check why they are not connected',
  ),
  passes({ says: /\b(BUSY|BUSYKEY|UNKILLABLE)\b/ }, 'Redis is blocked by a slow script: SLOWLOG shows which one'),
  passes(
    { says: /\b(LOADING|TRYAGAIN|CLUSTERDOWN|MASTERDOWN|MOVED|ASK|FAILOVER)\b/ },
    'Redis is not ready: it is starting or failing over. If this persists, check its log',
  ),
  lasts(
    { says: /unknown (redis )?command|syntax error/i },
    'the outbox needs Redis 6.2 or later, with scripts allowed',
  ),
  // A cluster reports this during a failover, a closed client for ever.
  passes(
    { says: /client is (closed|offline)|connection is closed/i },
    'the Redis client is not connected: connect it first, and close it after the outbox',
  ),
  lasts(
    { code: UNTRUSTED },
    "Redis's certificate is not trusted: give the client the CA, and connect by the name in the certificate",
  ),
  // A proxy's errors about Redis.
  passes(
    { says: /^ERR\b.*(connection|timed? ?out|unavailable|host is down|try again|temporar|overload)/i },
    (_, said) => `the connection to Redis failed (${said}): check that the server is up and reachable`,
  ),
  // Redis has a code for each state; with these it refuses the command.
  lasts({ says: /^(ERR|CROSSSLOT|NOPROTO)\b/ }, (_, said) => `Redis answered: ${said}`),
  passes({ says: /^[A-Z]{3,}\b/ }, (_, said) => `Redis answered: ${said}`),
  PROGRAM_ERROR,
];

/** https://www.sqlite.org/rescode.html. There is no network here, so errors without a row are permanent. */
const SQLITE: readonly ErrorRow[] = [
  passes(
    { code: /^SQLITE_(BUSY|PROTOCOL)/ },
    (file) => `${file} is in use: another process holds it for long. Find out which one, or wait`,
  ),
  passes(
    { code: /^SQLITE_LOCKED/ },
    (file) => `${file} is in use by this process itself: end the transaction that is open on it`,
  ),
  passes(
    { says: /within a transaction/ },
    (file) => `${file} is in use by this process itself: end the transaction that is open on it`,
  ),
  passes({ code: /^SQLITE_INTERRUPT/ }, (file) => `the statement on ${file} was interrupted`),
  passes({ code: /^SQLITE_NOMEM/ }, (file) => `there was no memory left to work on ${file}`),
  passes({ code: /^SQLITE_FULL/ }, (file) => `the disk of ${file} is full: free some space`),
  passes({ code: /^(SQLITE_IOERR|EIO)/ }, (file) => `${file} could not be read or written: check the disk`),
  passes(
    { code: /^E[MN]FILE$/ },
    (file) => `this process has too many open files and sockets to open ${file}: raise its limit, or find the leak`,
  ),
  lasts(
    { code: /^SQLITE_READONLY/ },
    (file) => `${file} cannot be written: give this process write permission for it and its folder`,
  ),
  lasts(
    { code: /^SQLITE_CANTOPEN/ },
    (file) => `${file} cannot be opened: check that its folder exists and this process may write to it`,
  ),
  lasts(
    { code: /^SQLITE_CORRUPT/ },
    (file) => `${file} is damaged: stop the processes that use it, move it away and try sqlite3's .recover`,
  ),
  lasts({ code: /^SQLITE_NOTADB/ }, (file) => `${file} is not an SQLite database: move it away, or name another file`),
];

interface EngineTable {
  readonly rows: readonly ErrorRow[];
  /** For errors without a row. */
  readonly otherwise: ErrorRow;
}

export const ERROR_TABLES: Readonly<Record<Engine, EngineTable>> = {
  postgres: {
    rows: POSTGRES,
    otherwise: passes({}, (_, said) => `the database failed: ${said}`),
  },
  redis: {
    rows: REDIS,
    otherwise: passes(
      {},
      (_, said) => `the connection to Redis failed (${said}): check that the server is up and reachable`,
    ),
  },
  sqlite: {
    rows: SQLITE,
    otherwise: lasts({}, (file, said) => `${file} failed: ${said}`),
  },
};
