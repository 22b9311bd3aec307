import { namesOf as namesOfOutbox } from '../outbox/postgres/names.js';
import { replyWith } from '../outbox/postgres/reply.js';

/** The names of the store's database objects, quoted for SQL. */
export interface Names {
  /** As given, for messages. */
  readonly given: string;
  readonly schema: string | undefined;
  readonly table: string;
  readonly byExpiry: string;
}

/** @throws {OursError} `invalid_option` for an invalid name: it becomes part of SQL */
export function namesOf(given = 'ours_exposures'): Names {
  const { schema, entries } = namesOfOutbox(given);
  return { given, schema, table: entries, byExpiry: `"${given.split('.').at(-1)}_expiry"` };
}

/** Every parameter is a string and is cast in the statement, because clients convert values in different ways. */
export interface Statements {
  /** key, ttl, now → whether it was free */
  readonly claim: string;
  /** key, value, ttl, now */
  readonly remember: string;
  /** key, now → value or null */
  readonly recall: string;
  /** visitor → how many keys begin with it */
  readonly count: string;
  /** visitor → the same, and deletes them */
  readonly forget: string;
  /** now */
  readonly sweep: string;
}

/** The next sweep deletes the rest. */
const MAX_SWEPT = 10_000;

export function statementsFor({ table }: Names): Statements {
  // A test's clock, or the server's; not the start of the transaction, which may be long ago.
  const now = (parameter: string): string =>
    `coalesce(nullif(${parameter}::text, '')::bigint, (extract(epoch FROM clock_timestamp()) * 1000)::bigint)`;
  const insert = (value: string, ttl: string, time: string): string =>
    `INSERT INTO ${table} AS e (key, value, expires_at) VALUES ($1::text, ${value}, ${now(time)} + ${ttl}::text::bigint)
     ON CONFLICT (key) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at`;
  return {
    claim: `WITH claimed AS (${insert("''", '$2', '$3')} WHERE e.expires_at <= ${now('$3')} RETURNING 1)
      ${replyWith(['EXISTS (SELECT FROM claimed)'])}`,
    remember: `WITH kept AS (${insert('$2::text', '$3', '$4')} RETURNING 1) ${replyWith(['(SELECT count(*) FROM kept)'])}`,
    recall: replyWith([`(SELECT value FROM ${table} WHERE key = $1::text AND expires_at > ${now('$2')})`]),
    // Read whole: erasing someone is rare, and an index for it would cost every claim.
    count: replyWith([`(SELECT count(*)::text FROM ${table} WHERE starts_with(key, $1::text))`]),
    forget: `WITH gone AS (DELETE FROM ${table} WHERE starts_with(key, $1::text) RETURNING 1)
      ${replyWith(['(SELECT count(*)::text FROM gone)'])}`,
    sweep: `WITH gone AS (DELETE FROM ${table} WHERE key IN (
        SELECT key FROM ${table} WHERE expires_at <= ${now('$1')} ORDER BY expires_at LIMIT ${MAX_SWEPT} FOR UPDATE SKIP LOCKED
      ) RETURNING 1) ${replyWith(['(SELECT count(*) FROM gone)'])}`,
  };
}

// One block is one statement, which every client and migration tool can run, and one transaction.
export function schemaOf({ given, schema, table, byExpiry }: Names): string {
  return `DO $exposures$
BEGIN
  -- Two processes that create one table at once would violate the catalogue's keys.
  PERFORM pg_advisory_xact_lock(hashtextextended('ours-ingest ${given}', 0));
${schema === undefined ? '' : `  IF to_regnamespace('"${schema}"') IS NULL THEN CREATE SCHEMA "${schema}"; END IF;`}
  CREATE UNLOGGED TABLE IF NOT EXISTS ${table} (
    -- SHA-256 in hex.
    key text PRIMARY KEY,
    value text NOT NULL,
    -- In milliseconds since the epoch.
    expires_at bigint NOT NULL
  );
  CREATE INDEX IF NOT EXISTS ${byExpiry} ON ${table} (expires_at);
END
$exposures$;`;
}
