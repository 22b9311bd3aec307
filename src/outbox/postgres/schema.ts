import type { SqlClient } from '../outbox.js';
import { missingSchema, PostgresError, TO_MIGRATE } from './errors.js';
import { type Names, namesOf } from './names.js';
import { readReply, replyWith } from './reply.js';

/** Raised with every change of what {@link postgresSchema} makes. */
export const SCHEMA_VERSION = 2;

export interface PostgresSchemaOptions {
  /** A name, or `schema.name`; everything the outbox makes is named after it. @default 'ours_outbox' */
  readonly table?: string | undefined;
}

/**
 * The migration as one SQL statement, for whatever runs your migrations. Running it again changes nothing, and several
 * processes may run it at once.
 *
 * @throws {OursError} `invalid_option` for a table name that is not plain
 */
export function postgresSchema({ table }: PostgresSchemaOptions = {}): string {
  return migration(namesOf(table));
}

/**
 * Makes what is missing. Needs no right to make anything where everything is there.
 *
 * @throws {PostgresError} when the schema belongs to a newer version of this package
 */
export async function migrate(client: SqlClient, names: Names): Promise<void> {
  const version = await storedVersion(client, names);
  if (version === SCHEMA_VERSION) return;
  if (version !== undefined && version > SCHEMA_VERSION) throw wrongVersion(version, names);
  await client.query(migration(names), []);
}

/** @throws {PostgresError} when the schema is missing or of another version */
export async function checkSchema(client: SqlClient, names: Names): Promise<void> {
  const version = await storedVersion(client, names);
  if (version !== SCHEMA_VERSION) throw wrongVersion(version, names);
}

/** `undefined` where there is no schema. Does not fail then: a query that fails would spoil the caller's transaction. */
async function storedVersion(client: SqlClient, names: Names): Promise<number | undefined> {
  const ask = async (value: string, values: string[] = []): Promise<string | null> => {
    const [answer] = readReply(await client.query(replyWith([value]), values), names.given);
    return answer as string | null;
  };
  if ((await ask('to_regclass($1::text)::text', [names.version])) === null) return undefined;
  const version = await ask(`(SELECT max(version)::text FROM ${names.version})`);
  return version === null ? undefined : Number(version);
}

function wrongVersion(version: number | undefined, { given }: Names): PostgresError {
  if (version === undefined) return missingSchema(given);
  return new PostgresError(
    version < SCHEMA_VERSION
      ? `the tables of ${given} have version ${version}, this version of ours-ingest needs ${SCHEMA_VERSION}: ${TO_MIGRATE}.`
      : `the tables of ${given} have version ${version}, this version of ours-ingest knows only ${SCHEMA_VERSION}: upgrade ours-ingest here as well.`,
  );
}

// One block is one statement, which every client and every migration tool can run, and one transaction.
function migration(names: Names): string {
  return `DO $migration$
BEGIN
  -- Two processes that make one table at once would fail on the catalogue's own keys.
  PERFORM pg_advisory_xact_lock(hashtextextended('ours-ingest ${names.given}', 0));
${names.schema === undefined ? '' : createSchema(names.schema)}
  CREATE TABLE IF NOT EXISTS ${names.version} (version integer NOT NULL);
  IF EXISTS (SELECT FROM ${names.version} WHERE version > ${SCHEMA_VERSION}) THEN
    RAISE EXCEPTION 'the schema of ${names.given} is newer than this migration';
  END IF;

  CREATE SEQUENCE IF NOT EXISTS ${names.positions};
  CREATE TABLE IF NOT EXISTS ${names.entries} (
    position bigint PRIMARY KEY,
    distinct_id text NOT NULL UNIQUE,
    is_identify boolean NOT NULL,
    -- Opaque names of whose an identify is; of an event, those that an identify in front of it has.
    people text[] NOT NULL,
    -- Of the event alone, as it is sent.
    bytes integer NOT NULL,
    record text NOT NULL,
    -- Times are in milliseconds since the epoch.
    appended_at bigint NOT NULL,
    -- When it may be claimed: the end of a delay or of a lease.
    available_at bigint NOT NULL DEFAULT 0,
    -- Whose it is, while it is leased.
    claim_token uuid,
    -- When available_at was last set. A clock that shows less than this has been set back since.
    waits_since bigint NOT NULL DEFAULT 0
  );
  -- Tables of version 1. Asked first, because ALTER TABLE would hold up everything else even where the column is there.
  IF NOT EXISTS (
    SELECT FROM pg_attribute WHERE attrelid = '${names.entries}'::regclass AND attname = 'waits_since'
  ) THEN
    ALTER TABLE ${names.entries} ADD COLUMN waits_since bigint NOT NULL DEFAULT 0;
  END IF;
  ALTER SEQUENCE ${names.positions} OWNED BY ${names.entries}.position;
  ALTER TABLE ${names.entries} SET (
    -- A claim writes every row anew. With room on the same page no index hears of it.
    fillfactor = 50,
    -- A claim passes over the dead rows at the head of the line: they must not wait until a long line has lost a fifth.
    autovacuum_vacuum_scale_factor = 0.01,
    autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_cost_delay = 0
  );

  -- The unsettled identifies of each person: nothing of theirs may overtake one.
  CREATE TABLE IF NOT EXISTS ${names.identifies} (
    person text NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (person, position)
  );

  CREATE TABLE IF NOT EXISTS ${names.deadLetters} (
    distinct_id text PRIMARY KEY,
    position bigint NOT NULL,
    is_identify boolean NOT NULL,
    people text[] NOT NULL,
    bytes integer NOT NULL,
    record text NOT NULL,
    dead_at bigint NOT NULL,
    outcome text NOT NULL
  );
  CREATE INDEX IF NOT EXISTS ${names.deadLettersByAge} ON ${names.deadLetters} (dead_at, position);

${claimFunction(names)}
${appendEachFunction(names)}
${hidesRowsFunction(names)}
  DELETE FROM ${names.version};
  INSERT INTO ${names.version} VALUES (${SCHEMA_VERSION});
END
$migration$;`;
}

// Without the right to make schemas, IF NOT EXISTS fails even where it has nothing to do.
const createSchema = (schema: string): string => `
  IF to_regnamespace('"${schema}"') IS NULL THEN
    CREATE SCHEMA "${schema}";
  END IF;
`;

/** Adjustments of a running clock are smaller than this; a wait that becomes this much longer does no harm. */
const TOLERANCE_MS = 1_000;
const setBack = (row: string): string => `${row}.waits_since > now_ms + ${TOLERANCE_MS}`;
/** A claim stays short; the next ones see to the rest. */
const MAX_POSTPONED = 10_000;

// A row is locked only once it is chosen: what a claim locks and leaves, others would not find. It is found by its place,
// which no other row can take while the line is being read. The plan is pinned: one that was made while the table was empty
// would read all of it when it is not. (The function of version 1 has one parameter less. It stays for the processes that
// still call it while others are being upgraded.)
const claimFunction = (names: Names): string => `
  CREATE OR REPLACE FUNCTION ${names.claim} (
    max_entries bigint, max_bytes bigint, lease_ms bigint, token uuid, now_ms bigint, lost_tokens uuid[]
  ) RETURNS TABLE (claimed_position bigint, claimed_id text, claimed_record text)
  LANGUAGE plpgsql SET enable_seqscan = off SET enable_bitmapscan = off SET enable_sort = off SET jit = off AS $claim$
  DECLARE
    candidate record;
    taken tid[] := '{}';
    taken_count bigint := 0;
    taken_bytes bigint := 0;
    taken_identifies bigint[] := '{}';
    passed_over bigint := 0;
    postponed tid[] := '{}';
  BEGIN
    FOR candidate IN
      SELECT e.ctid AS place, e.position, e.bytes, e.is_identify,
        e.available_at <= now_ms OR e.claim_token = ANY (lost_tokens) AS is_available, (
        SELECT array_agg(earlier.position) FROM (
          -- More than fit into a claim cannot all be in this one. Each is found once for every name it shares.
          SELECT i.position FROM ${names.identifies} i
          WHERE i.person = ANY (e.people) AND i.position < e.position LIMIT max_entries * cardinality(e.people)
        ) earlier
      ) AS earlier_identifies
      FROM ${names.entries} e
      WHERE e.available_at <= now_ms OR e.claim_token = ANY (lost_tokens) OR ${setBack('e')}
      ORDER BY e.position
    LOOP
      -- A long line behind one slow identify is looked through in pieces. An empty claim, though, says that nothing can be had.
      EXIT WHEN taken_count >= max_entries
        OR taken_count > 0 AND (taken_bytes + candidate.bytes + 1 > max_bytes OR passed_over >= max_entries);
      IF NOT candidate.is_available THEN
        IF cardinality(postponed) < ${MAX_POSTPONED} THEN
          postponed := postponed || candidate.place;
        END IF;
        CONTINUE;
      END IF;
      IF NOT candidate.earlier_identifies <@ taken_identifies THEN
        passed_over := passed_over + 1;
        CONTINUE;
      END IF;
      PERFORM FROM ${names.entries} e
      WHERE e.ctid = candidate.place AND (e.available_at <= now_ms OR e.claim_token = ANY (lost_tokens))
      FOR UPDATE SKIP LOCKED;
      CONTINUE WHEN NOT FOUND;
      taken := taken || candidate.place;
      taken_count := taken_count + 1;
      taken_bytes := taken_bytes + candidate.bytes + 1;
      IF candidate.is_identify THEN
        taken_identifies := taken_identifies || candidate.position;
      END IF;
    END LOOP;

    IF cardinality(postponed) > 0 THEN
      -- The clock was set back. Each entry waits its time again, counted from now.
      UPDATE ${names.entries} e SET available_at = e.available_at - e.waits_since + now_ms, waits_since = now_ms
      WHERE e.ctid IN (
        SELECT l.ctid FROM ${names.entries} l WHERE l.ctid = ANY (postponed) AND ${setBack('l')} FOR UPDATE SKIP LOCKED
      );
    END IF;

    RETURN QUERY
      UPDATE ${names.entries} e SET available_at = now_ms + lease_ms, claim_token = token, waits_since = now_ms
      WHERE e.ctid = ANY (taken)
      RETURNING e.position, e.distinct_id, e.record;
  END
  $claim$;
`;

// One row after the other, each in a subtransaction: one whose id another transaction has inserted and not committed is left
// out instead of waited for. It ends early, so that a statement_timeout does not cut it off: no row is answered for the rest.
const appendEachFunction = (names: Names): string => `
  CREATE OR REPLACE FUNCTION ${names.appendEach} (given json, now_ms bigint)
  RETURNS TABLE (row_number bigint, row_position bigint, is_contended boolean)
  LANGUAGE plpgsql SET lock_timeout = '1ms' AS $append$
  DECLARE
    entry record;
    ends_at timestamptz := clock_timestamp() + interval '50 milliseconds';
  BEGIN
    FOR entry IN
      SELECT arrived.* FROM ROWS FROM (
        json_to_recordset(given) AS (distinct_id text, is_identify boolean, people text[], bytes integer, record text)
      ) WITH ORDINALITY AS arrived (distinct_id, is_identify, people, bytes, record, number)
    LOOP
      row_number := entry.number;
      row_position := NULL;
      is_contended := false;
      BEGIN
        INSERT INTO ${names.entries} (position, distinct_id, is_identify, people, bytes, record, appended_at)
        VALUES (
          nextval('${names.positions}'), entry.distinct_id, entry.is_identify,
          CASE WHEN entry.is_identify THEN entry.people ELSE ARRAY(
            SELECT name FROM unnest(entry.people) name WHERE EXISTS (SELECT FROM ${names.identifies} i WHERE i.person = name)
          ) END,
          entry.bytes, entry.record, now_ms
        )
        ON CONFLICT (distinct_id) DO NOTHING
        RETURNING position INTO row_position;
        IF entry.is_identify AND row_position IS NOT NULL THEN
          INSERT INTO ${names.identifies} (person, position)
          SELECT DISTINCT person, row_position FROM unnest(entry.people) person;
        END IF;
      EXCEPTION WHEN lock_not_available THEN
        is_contended := true;
      END;
      RETURN NEXT;
      EXIT WHEN clock_timestamp() >= ends_at;
    END LOOP;
  END
  $append$;
`;

// Whether row level security may hide rows of one of the tables from the user. It hides none where a policy shows everything.
// A function keeps its plan, and without row level security it only looks into the catalogue's cache.
const hidesRowsFunction = ({ hidesRows, entries, identifies, deadLetters }: Names): string => `
  CREATE OR REPLACE FUNCTION ${hidesRows} () RETURNS boolean LANGUAGE plpgsql STABLE AS $hides$
  DECLARE
    secured regclass;
  BEGIN
    FOREACH secured IN ARRAY ARRAY['${entries}', '${identifies}', '${deadLetters}']::regclass[] LOOP
      CONTINUE WHEN NOT row_security_active(secured);
      IF (
        SELECT bool_or(is_shown) IS NOT TRUE OR bool_or(is_narrowed) FROM (
          SELECT
            p.polpermissive AND p.polcmd = '*' AND pg_get_expr(p.polqual, p.polrelid) = 'true' AS is_shown,
            NOT p.polpermissive AS is_narrowed
          FROM pg_policy p
          WHERE p.polrelid = secured AND (
            p.polroles @> '{0}'
            OR EXISTS (SELECT FROM unnest(p.polroles) role WHERE role <> 0 AND pg_has_role(role, 'USAGE'))
          )
        ) mine
      ) THEN
        RETURN true;
      END IF;
    END LOOP;
    RETURN false;
  END
  $hides$;
`;
