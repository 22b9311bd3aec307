/** How a kind of failure is recognised, by all of these patterns, and what it means. */
export interface ErrorRow extends Sign {
  /** Whether the same call may succeed a moment later. */
  readonly isTransient: boolean;
  readonly advice: Advice;
}

interface Sign {
  readonly code?: RegExp;
  readonly name?: RegExp;
  /** In the message. */
  readonly says?: RegExp;
}

/**
 * What happened and what to do about it, without a full stop.
 *
 * @param place the table, name or file of the outbox
 * @param said the message below all libraries, safe to show
 */
type Advice = string | ((place: string, said: string) => string);

export type Engine = 'postgres' | 'redis' | 'sqlite';

/*
 * The rule: a failure lasts only when the server itself has refused what was asked, because of what was asked or of who asked.
 * Everything else passes and is tried again: the connection, the way to the server, a restart or failover, a shortage,
 * others in the way, and what has no name here. Trying again for ten seconds costs ten seconds; giving up costs events.
 * The first row that matches counts.
 */
const passes = (sign: Sign, advice: Advice): ErrorRow => ({ ...sign, isTransient: true, advice });
const lasts = (sign: Sign, advice: Advice): ErrorRow => ({ ...sign, isTransient: false, advice });

/** What to do where the tables are missing or old. */
export const TO_MIGRATE = 'run ensureSchema() or the SQL of postgresSchema()';

export function missingTables(table: string): string {
  return `the tables of ${table} are not where the client is connected to: ${TO_MIGRATE}`;
}

/** The program itself is wrong, and will be wrong a moment later. `fetch failed` is fetch's word for the network. */
const PROGRAM_ERROR = lasts(
  { name: /^(Type|Range|Reference|Syntax)Error$/, says: /^(?!fetch failed)/ },
  (_, said) => `the client passed to the outbox is used wrongly or is broken: ${said}`,
);

/** Node's and the libraries' names for a certificate that is not accepted. */
const UNTRUSTED =
  /^(CERT_|DEPTH_ZERO_SELF_SIGNED_CERT|ERR_TLS_CERT|HOSTNAME_MISMATCH|SELF_SIGNED_CERT|UNABLE_TO_(GET|VERIFY))/;

/** Names of failures below any protocol: sockets, DNS, file descriptors. */
const NETWORK =
  /^(E(CONN\w+|PIPE|TIMEDOUT|AI_\w+|NOTFOUND|HOST\w+|NET\w+|ADDRNOTAVAIL|MFILE|NFILE)|ERR_SOCKET\w*|ERR_STREAM\w*)$/;

/** For every way in which a database cannot be reached. */
const UNREACHABLE = 'the connection to the database failed or was lost: check that the server is up and can be reached';

const NO_FREE_CONNECTION =
  'the SQL client had no free connection in time: check that the server is up, look what holds the connections, or make its pool larger';

/** What clients say about a connection that failed, in place of a code. */
const CONNECTION_WORDS =
  /connect|socket|timed? ?out|timeout|terminated|unreachable|hang ?up|EPIPE|not queryable|network|fetch failed/i;

/** https://www.postgresql.org/docs/current/errcodes-appendix.html. A class stands behind its codes of a meaning of their own. */
const POSTGRES: readonly ErrorRow[] = [
  // The server refused this user, this database or this statement.
  lasts({ code: /^28P01$/ }, "the server refused the password: check the client's credentials"),
  lasts(
    { code: /^(28...|P1000|P1010)$/ },
    "the server does not let this user in: check the client's user and database, and pg_hba.conf",
  ),
  lasts({ code: /^(3D000|P1003)$/ }, "there is no such database: check the name in the client's connection string"),
  lasts({ code: /^(3F000|42P01|42703|42883)$/ }, missingTables),
  lasts(
    { code: /^42501$/ },
    "the client's user may not do this: it needs SELECT, INSERT, UPDATE and DELETE on the outbox's tables and USAGE on its sequence and schema; ensureSchema() needs the right to make them",
  ),
  // A transaction pooler hands each statement to another connection, and the next attempt may get the right one.
  passes(
    { code: /^(26000|42P05)$/ },
    'a prepared statement is not on this connection: a transaction pooler such as PgBouncer stands in between. Turn prepared statements off in the SQL client, or let the pooler follow them',
  ),
  passes(
    { code: /^0A000$/, says: /cached plan/ },
    'a prepared statement is older than the tables: a migration ran while the connection was open',
  ),
  // The server can work, but not here or not now.
  passes(
    { code: /^25006$/ },
    'the database can only be read: after a failover the connection may still lead to the old primary. If this lasts, connect to the primary, not to a standby',
  ),
  passes(
    { code: /^25P0[34]$/ },
    'the server ended a transaction that took too long: raise its timeout, or find out what keeps the database busy',
  ),
  lasts({ code: /^25P02$/ }, 'an earlier statement of this transaction failed: roll it back'),
  passes({ code: /^(40...|P2034)$/ }, 'another transaction was in the way (a conflict or a deadlock)'),
  passes(
    { code: /^55...$/ },
    'another transaction holds a lock, or the object is not ready: see pg_locks for who holds it',
  ),
  passes({ code: /^53100$/ }, "the database's disk is full: make room there"),
  passes(
    { code: /^(53300|P2037)$/ },
    'the database takes no more connections: make the pools smaller or raise max_connections',
  ),
  passes({ code: /^53...$/ }, (_, said) => `the database is short of memory or has reached a limit: ${said}`),
  passes(
    { code: /^57014$/ },
    'the statement was cancelled, by statement_timeout or by hand: find out what keeps the database busy, or raise the timeout',
  ),
  passes(
    { code: /^57P05$/ },
    'the server ended an idle connection (idle_session_timeout): let the pool close its idle connections sooner than the server does',
  ),
  passes(
    { code: /^(57...|P1001|P1002|P1017)$/ },
    'the server stops, starts or fails over: check that the server is up and can be reached',
  ),
  passes(
    { code: /^58...$/ },
    (_, said) => `the database's file system failed: see its log and its disk. It said: ${said}`,
  ),
  lasts(
    { code: /^XX00[12]$/ },
    (_, said) => `the database failed: ${said}. Its files may be damaged: see its log before anything else`,
  ),
  // Poolers and compatible databases use it for whatever they have no code for.
  passes({ code: /^XX...$/ }, (_, said) => `the database failed: ${said}`),
  // The SQL client.
  lasts(
    { code: UNTRUSTED },
    "the server's certificate is not trusted: give the SQL client the CA, and connect by the name in the certificate",
  ),
  lasts(
    { says: /after calling end on the pool|Client was closed and is not queryable|driver has already been destroyed/ },
    'the SQL client was closed: close it after ours-ingest has been closed',
  ),
  passes(
    { code: /^CONNECTION_(ENDED|DESTROYED)$/ },
    'the SQL client ended its connections: close it after ours-ingest has been closed',
  ),
  passes({ code: /^(P2024|P2028)$/ }, NO_FREE_CONNECTION),
  passes(
    { says: /^timeout exceeded when trying to connect|Timeout acquiring a connection|Unable to acquire a connection/ },
    NO_FREE_CONNECTION,
  ),
  // 08P01 is also what PgBouncer says of all its troubles.
  passes({ code: /^(08...|CONNECTION_CLOSED|CONNECT_TIMEOUT|P1\d{3})$/ }, UNREACHABLE),
  // Prisma's adapters.
  passes({ name: /^(DatabaseNotReachable|ConnectionClosed|SocketTimeout|TlsConnectionError)$/ }, UNREACHABLE),
  passes({ code: NETWORK }, UNREACHABLE),
  // Before the words of a connection: the message of a server that refused may hold any word. P2010 says nothing: it is
  // around whatever becomes of a raw query.
  lasts(
    { code: /^(\d[0-9A-Z]|F0|HV|P0)[0-9A-Z]{3}$|^P2(?!010)\d{3}$/ },
    (_, said) => `the database refused the statement: ${said}`,
  ),
  PROGRAM_ERROR,
  passes({ says: CONNECTION_WORDS }, UNREACHABLE),
];

/** A reply begins with a code in capitals, which a script of an old Redis puts in the middle of its own words. */
const REDIS: readonly ErrorRow[] = [
  lasts(
    { says: /\b(NOAUTH|DENIED)\b/ },
    'Redis wants a password: give the client one, as in redis://user:password@host',
  ),
  lasts(
    { says: /\bWRONGPASS\b|invalid password/ },
    'Redis refused the user name or password: check the ones given to the client',
  ),
  lasts(
    { says: /\bNOPERM\b/ },
    (name) =>
      `this Redis user may not do what the outbox does: ACL SETUSER <user> ~{${name}}:* +@read +@write +@scripting +time`,
  ),
  lasts(
    { says: /\bWRONGTYPE\b/ },
    (name) => `one of the keys {${name}}:* holds something else: give the outbox another name, or remove that key`,
  ),
  lasts(
    { says: /\bNOGROUP\b/ },
    (name) => `the stream's group is gone: XGROUP CREATE {${name}}:stream relays 0 has every entry delivered again`,
  ),
  passes(
    { says: /\bREADONLY\b/ },
    'this Redis is a read-only replica: after a failover the connection may still lead to the old primary. If this lasts, connect to the primary, through Sentinel or the cluster',
  ),
  passes({ says: /\bOOM\b/ }, 'Redis has reached maxmemory: raise it, or look why no relay drains the outbox'),
  passes(
    { says: /\bMISCONF\b/ },
    'Redis cannot write to its disk and takes nothing until it can: see its log, free space',
  ),
  passes(
    { says: /max number of clients/ },
    'Redis takes no more connections: make the pools smaller or raise maxclients',
  ),
  passes(
    { says: /\bNOREPLICAS\b/ },
    'Redis has too few replicas to take writes (min-replicas-to-write): see why they are not connected',
  ),
  passes(
    { says: /\b(BUSY|BUSYKEY|UNKILLABLE)\b/ },
    'Redis runs a script that takes long and answers nothing else: see SLOWLOG for whose it is',
  ),
  passes(
    { says: /\b(LOADING|TRYAGAIN|CLUSTERDOWN|MASTERDOWN|MOVED|ASK|FAILOVER)\b/ },
    'Redis is not ready: it starts or fails over. If that lasts, see its log',
  ),
  lasts(
    { says: /unknown (redis )?command|syntax error/i },
    'the outbox needs Redis 6.2 or later, with scripts allowed',
  ),
  // A cluster says so in the middle of a failover, a client that its owner has closed for ever.
  passes(
    { says: /client is (closed|offline)|connection is closed/i },
    'the Redis client is not connected: connect it first, and close it after the outbox',
  ),
  lasts(
    { code: UNTRUSTED },
    "Redis's certificate is not trusted: give the client the CA, and connect by the name in the certificate",
  ),
  // What a proxy in front of Redis says of Redis.
  passes(
    { says: /^ERR\b.*(connection|timed? ?out|unavailable|host is down|try again|temporar|overload)/i },
    (_, said) => `the connection to Redis failed (${said}): see that the server runs and can be reached`,
  ),
  // Redis names a state by a code of its own; with this one it refuses the command.
  lasts({ says: /^(ERR|CROSSSLOT|NOPROTO)\b/ }, (_, said) => `Redis answered: ${said}`),
  passes({ says: /^[A-Z]{3,}\b/ }, (_, said) => `Redis answered: ${said}`),
  PROGRAM_ERROR,
];

/** https://www.sqlite.org/rescode.html. There is no way to a server here: what has no row lasts. */
const SQLITE: readonly ErrorRow[] = [
  passes(
    { code: /^SQLITE_(BUSY|PROTOCOL)/ },
    (file) => `${file} is in use: another process holds it for long. See which one, or wait`,
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
  passes({ code: /^SQLITE_FULL/ }, (file) => `the disk of ${file} is full: make room there`),
  passes({ code: /^(SQLITE_IOERR|EIO)/ }, (file) => `${file} could not be read or written: look at the disk`),
  passes(
    { code: /^E[MN]FILE$/ },
    (file) => `this process has too many files and sockets open to open ${file}: raise its limit, or see what leaks`,
  ),
  lasts(
    { code: /^SQLITE_READONLY/ },
    (file) => `${file} cannot be written: give this process the right to write it and its folder`,
  ),
  lasts(
    { code: /^SQLITE_CANTOPEN/ },
    (file) => `${file} cannot be opened: check that its folder is there and this process may write it`,
  ),
  lasts(
    { code: /^SQLITE_CORRUPT/ },
    (file) => `${file} is damaged: stop what uses it, move it away and try sqlite3's .recover on it`,
  ),
  lasts({ code: /^SQLITE_NOTADB/ }, (file) => `${file} is not an SQLite database: move it away, or name another file`),
];

interface EngineTable {
  readonly rows: readonly ErrorRow[];
  /** For what has no row. */
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
      (_, said) => `the connection to Redis failed (${said}): see that the server runs and can be reached`,
    ),
  },
  sqlite: {
    rows: SQLITE,
    otherwise: lasts({}, (file, said) => `${file} failed: ${said}`),
  },
};
