import { StoreError } from '../durable/store-error.js';
import type { SqlClient } from '../outbox.js';
import { missingSchema, TO_MIGRATE } from './errors.js';
import { type Names, namesOf } from './names.js';
import { readReply, replyWith } from './reply.js';

/** Incremented with every change of {@link postgresSchema}. */
export const SCHEMA_VERSION = 3;

export interface PostgresSchemaOptions {
  /** A name, or `schema.name`; every object the outbox creates is named after it. @default 'ours_outbox' */
  readonly table?: string | undefined;
}

/**
 * The migration as one SQL statement, for your migrations. Running it again changes nothing, and several processes may run it at
 * once.
 *
 * @throws {OursError} `invalid_option` for an invalid table name
 */
export function postgresSchema({ table }: PostgresSchemaOptions = {}): string {
  return migration(namesOf(table));
}

/**
 * Creates what is missing. If nothing is missing, it needs no right to create anything.
 *
 * @throws {StoreError} if the schema belongs to a newer version of this package
 */
export async function migrate(client: SqlClient, names: Names): Promise<void> {
  const version = await storedVersion(client, names);
  if (version === SCHEMA_VERSION) return;
  if (version !== undefined && version > SCHEMA_VERSION) throw wrongVersion(version, names);
  await client.query(migration(names), []);
}

/** @throws {StoreError} if the schema is missing or of another version */
export async function checkSchema(client: SqlClient, names: Names): Promise<void> {
  const version = await storedVersion(client, names);
  if (version !== SCHEMA_VERSION) throw wrongVersion(version, names);
}

/** `undefined` if there is no schema. A failing query would abort the caller's transaction, so none is sent. */
async function storedVersion(client: SqlClient, names: Names): Promise<number | undefined> {
  const ask = async (value: string, values: string[] = []): Promise<string | null> => {
    const [answer] = readReply(await client.query(replyWith([value]), values), names.given);
    return answer as string | null;
  };
  if ((await ask('to_regclass($1::text)::text', [names.version])) === null) return undefined;
  const version = await ask(`(SELECT max(version)::text FROM ${names.version})`);
  return version === null ? undefined : Number(version);
}

function wrongVersion(version: number | undefined, { given }: Names): StoreError {
  if (version === undefined) return missingSchema(given);
  return new StoreError(
    version < SCHEMA_VERSION
      ? `the tables of ${given} have version ${version}, this version of ours-ingest needs ${SCHEMA_VERSION}: ${TO_MIGRATE}.`
      : `the tables of ${given} have version ${version}, this version of ours-ingest supports only ${SCHEMA_VERSION}: upgrade ours-ingest here too.`,
  );
}

// One block is one statement, which every client and migration tool can run, and one transaction.
function migration(names: Names): string {
  return `DO $migration$
BEGIN
  -- Two processes that create one table at once would violate the catalogue's keys.
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
    -- Opaque names of an identify's person; of an event, those that an earlier identify has.
    people text[] NOT NULL,
    -- The size of the event as sent.
    bytes integer NOT NULL,
    record text NOT NULL,
    -- Times are in milliseconds since the epoch.
    appended_at bigint NOT NULL,
    -- When it may be claimed: the end of a delay or lease.
    available_at bigint NOT NULL DEFAULT 0,
    -- The claim that leases it.
    claim_token uuid,
    -- When available_at was last set. A clock that shows less has been set back since.
    waits_since bigint NOT NULL DEFAULT 0
  );
  -- For tables of version 1. Checked first, because ALTER TABLE would lock the table even if the column exists.
  IF NOT EXISTS (
    SELECT FROM pg_attribute WHERE attrelid = '${names.entries}'::regclass AND attname = 'waits_since'
  ) THEN
    ALTER TABLE ${names.entries} ADD COLUMN waits_since bigint NOT NULL DEFAULT 0;
  END IF;
  ALTER SEQUENCE ${names.positions} OWNED BY ${names.entries}.position;
  ALTER TABLE ${names.entries} SET (
    -- A claim rewrites every row. With room on the same page, no index has to change.
    fillfactor = 50,
    -- A claim scans the dead rows at the head of the queue: vacuum must not wait until a fifth of a long queue is dead.
    autovacuum_vacuum_scale_factor = 0.01,
    autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_cost_delay = 0
  );

  -- The unsettled identifies of each person: none of their events may overtake one.
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
  -- The largest counts. Nothing is deleted: a table without a key cannot be while a publication includes it.
  INSERT INTO ${names.version}
  SELECT ${SCHEMA_VERSION} WHERE NOT EXISTS (SELECT FROM ${names.version} WHERE version = ${SCHEMA_VERSION});
END
$migration$;`;
}

// Without the right to create schemas, IF NOT EXISTS fails even if the schema exists.
const createSchema = (schema: string): string => `
  IF to_regnamespace('"${schema}"') IS NULL THEN
    CREATE SCHEMA "${schema}";
  END IF;
`;

/** Adjustments of a running clock are smaller than this, and a wait that is this much longer does no harm. */
const TOLERANCE_MS = 1_000;
const setBack = (row: string): string => `${row}.waits_since > now_ms + ${TOLERANCE_MS}`;
/** Keeps a claim short; the next claims handle the rest. */
const MAX_POSTPONED = 10_000;

// A row is locked only once it is chosen: other claims would skip rows that this one locks and leaves. It is found by its ctid,
// which no other row can take during the scan. The plan is pinned: one made while the table was empty would later scan all of
// it. (The function of version 1 has one parameter less. It stays for processes that still call it during an upgrade.)
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
        -- For each name, the last identify before this entry. It waits for the one before itself, so if it is in this claim,
        -- all earlier ones are too.
        SELECT array_agg(last.position) FROM unnest(e.people) name, LATERAL (
          SELECT i.position FROM ${names.identifies} i
          WHERE i.person = name AND i.position < e.position ORDER BY i.position DESC LIMIT 1
        ) last
      ) AS last_identifies
      FROM ${names.entries} e
      WHERE e.available_at <= now_ms OR e.claim_token = ANY (lost_tokens) OR ${setBack('e')}
      ORDER BY e.position
    LOOP
      -- A long queue behind one slow identify is scanned in parts. But an empty claim must mean that nothing can be claimed.
      EXIT WHEN taken_count >= max_entries
        OR taken_count > 0 AND (taken_bytes + candidate.bytes + 1 > max_bytes OR passed_over >= max_entries);
      IF NOT candidate.is_available THEN
        IF cardinality(postponed) < ${MAX_POSTPONED} THEN
          postponed := postponed || candidate.place;
        END IF;
        CONTINUE;
      END IF;
      IF NOT candidate.last_identifies <@ taken_identifies THEN
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
      -- The clock was set back. Each entry waits its full time again, from now.
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

// Inserts one row at a time, each in a subtransaction: a row whose id another uncommitted transaction has inserted is skipped
// instead of waited for. It stops early, before a statement_timeout would end it, and returns no row for the rest.
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

// Whether row level security may hide rows of one of the tables from the user. It hides none if a policy shows everything. A
// function keeps its plan, and without row level security it only reads the catalogue cache.
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
