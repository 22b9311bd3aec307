/** What went wrong in the database, told to the one who is woken by it. Never holds an event's data. */
export class PostgresError extends Error {
  override readonly name = 'PostgresError';
  /** The SQLSTATE, or what the system calls the failure of the connection. */
  readonly code: string | undefined;
  /** Whether the same statement may succeed a moment later: the connection broke, the server restarts, others were in the way. */
  readonly isTransient: boolean;
  /** Whether the statement certainly changed nothing. */
  readonly storedNothing: boolean;

  constructor(message: string, code?: string, isTransient = false) {
    super(message);
    this.code = code;
    this.isTransient = isTransient;
    this.storedNothing = code !== undefined && CHANGED_NOTHING.test(code);
  }
}

/**
 * The server's own refusals, which roll the statement back, and connections that were never made. Not among them: 08 (the
 * connection broke), 40003 (completion unknown) and 57P (the server ended the session, perhaps after the commit).
 */
const CHANGED_NOTHING =
  /^((?!08|40003|57P|EPIPE)[0-9A-Z]{5}|ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)$/;

export function isTransient(error: unknown): boolean {
  return error instanceof PostgresError && error.isTransient;
}

/** What to do where the tables are missing or old. */
export const TO_MIGRATE = 'run ensureSchema() or the SQL of postgresSchema()';

export function missingSchema(table: string, code?: string): PostgresError {
  return new PostgresError(`the tables of ${table} are not where the client is connected to: ${TO_MIGRATE}.`, code);
}

const MISSING: ReadonlySet<string> = new Set(['3F000', '42P01', '42703', '42883']);

/** What a SQLSTATE means here, and what to do. https://www.postgresql.org/docs/current/errcodes-appendix.html */
const MEANINGS: Readonly<Record<string, string>> = {
  '25006': 'the database can only be read: connect to the primary, not to a standby',
  '25P02': 'an earlier statement of this transaction failed: roll it back',
  '28000': "the server does not let this user in: check the client's user and database, and pg_hba.conf",
  '28P01': "the server refused the password: check the client's credentials",
  '3D000': "there is no such database: check the name in the client's connection string",
  '42501':
    "the client's user may not do this: it needs SELECT, INSERT, UPDATE and DELETE on the outbox's tables and USAGE on its sequence and schema; ensureSchema() needs the right to make them",
  '53100': "the database's disk is full: make room there",
  '53300': 'the database takes no more connections: make the pools smaller or raise max_connections',
};

const TRANSIENT =
  /^(08\w{3}|40001|40P01|53300|57P0[1-3]|ECONNREFUSED|ECONNRESET|ECONNABORTED|EPIPE|ETIMEDOUT|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH)$/;
/** What `pg` says without a code; Knex puts the statement in front. */
const LOST_CONNECTION = /(^| - )(Connection terminated|timeout exceeded when trying to connect)/;

/** Puts what a client rejected with into words. */
export function explain(error: unknown, table: string): PostgresError {
  const { code, message } = rootOf(error);
  if (code !== undefined && MISSING.has(code)) return missingSchema(table, code);
  const isTransient = code === undefined ? LOST_CONNECTION.test(message) : TRANSIENT.test(code);
  const meaning =
    MEANINGS[code ?? ''] ??
    (isTransient
      ? 'the connection to the database failed or was lost: check that the server is up and can be reached'
      : `the database failed: ${quotable(message)}`);
  return new PostgresError(`${meaning}${code === undefined ? '' : ` (${code})`}.`, code, isTransient);
}

/** Knex and Drizzle put the statement and its values, which are people's data, into the message. */
function quotable(message: string): string {
  return message.includes('::text') ? "the SQL client's message is left out, for it quotes events" : message;
}

/** What lies at the bottom of an error that libraries have wrapped: what the server or the socket said. */
function rootOf(error: unknown): { readonly code: string | undefined; readonly message: string } {
  if (typeof error !== 'object' || error === null) return { code: undefined, message: String(error) };
  const { cause, meta, code, originalCode, message } = error as ClientError;
  const below = meta?.driverAdapterError ?? cause;
  if (typeof below === 'object' && below !== null) return rootOf(below);
  const found = originalCode ?? code;
  return { code: typeof found === 'string' ? found : undefined, message: String(message) };
}

/** Drizzle's errors have a `cause`, Prisma's `meta.driverAdapterError` has one with an `originalCode`. */
interface ClientError {
  readonly cause?: unknown;
  readonly meta?: { readonly driverAdapterError?: unknown };
  readonly code?: unknown;
  readonly originalCode?: unknown;
  readonly message?: unknown;
}
