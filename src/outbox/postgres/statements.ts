import type { Names } from './names.js';

/**
 * What the outbox says to the database. Each is one statement and so one transaction, and stands in anybody else's as well.
 *
 * Every parameter is a text and is cast from there, every result is a text: what else a value becomes on its way differs from
 * client to client.
 */
export interface Statements {
  /** rows, now, whether to wake: a text or null → position, duplicates */
  readonly append: string;
  /** Wakes who watches. */
  readonly wake: string;
  /** entries, bytes, lease, token, now → position, distinct_id, record */
  readonly claim: string;
  /** held */
  readonly ack: string;
  /** held, delay, now */
  readonly release: string;
  /** held, outcome, now */
  readonly deadLetter: string;
  /** ids → distinct_id, outcome */
  readonly lookUp: string;
  /** → position, appended_at */
  readonly oldest: string;
  readonly mark: string;
  /** now → waiting, claimed, bytes */
  readonly stats: string;
  /** → count */
  readonly countLetters: string;
  /** limit, offset → distinct_id, outcome, dead_at, record */
  readonly listLetters: string;
  /** id → the same */
  readonly getLetter: string;
  /** ids, now → count */
  readonly replay: string;
  /** ids → count */
  readonly discard: string;
}

export function statementsFor(names: Names): Statements {
  const { entries, identifies, deadLetters, positions, claim } = names;
  const letter = `SELECT distinct_id, outcome, dead_at::text, record FROM ${deadLetters}`;

  /** Ends the entries that are still held; `settled` is what they were. */
  const settle = `
    WITH settled AS (
      DELETE FROM ${entries} e USING ${HELD} WHERE ${IS_HELD} RETURNING e.*
    ), forgotten AS (
      DELETE FROM ${identifies} i USING settled
      WHERE settled.is_identify AND i.person = ANY (settled.people) AND i.position = settled.position
    )`;

  /** Stores the rows of `arrived`; `stored` are those whose id was not inside. */
  const store = `
    stored AS (
      INSERT INTO ${entries} (position, distinct_id, is_identify, people, bytes, record, appended_at)
      SELECT position, distinct_id, is_identify, people, bytes, record, ${now('$2')} FROM arrived
      -- In one order, whoever appends: two appends of the same ids would otherwise wait for each other.
      ORDER BY distinct_id, position
      ON CONFLICT (distinct_id) DO NOTHING
      RETURNING position, is_identify, people
    ), remembered AS (
      INSERT INTO ${identifies} (person, position)
      SELECT DISTINCT person, position FROM stored, unnest(people) person WHERE is_identify
    )`;
  // TRUNCATE and a new table have another file. So has a table that VACUUM FULL has rewritten, which loses nothing.
  const incarnation = `pg_relation_filenode('${entries}'::regclass)::text`;
  const notify = `pg_notify('${names.given}', '')::text`;

  return {
    append: `
      WITH arrived AS MATERIALIZED (
        SELECT nextval('${positions}') AS position, given.* FROM ROWS FROM (
          json_to_recordset($1::text::json)
          AS (distinct_id text, is_identify boolean, people text[], bytes integer, record text)
        ) WITH ORDINALITY AS given (distinct_id, is_identify, people, bytes, record, number)
      ), ${store}
      SELECT max(arrived.position)::text AS position,
        coalesce(json_agg(arrived.number) FILTER (WHERE stored.position IS NULL), '[]')::text AS duplicates,
        ${incarnation} AS incarnation,
        CASE WHEN $3::text IS NOT NULL THEN ${notify} END AS notified
      FROM arrived LEFT JOIN stored ON stored.position = arrived.position`,
    wake: `SELECT ${notify} AS notified`,
    claim: `
      SELECT claimed_position::text AS position, claimed_id AS distinct_id, claimed_record AS record
      FROM ${claim}(${bigint('$1')}, ${bigint('$2')}, ${bigint('$3')}, $4::text::uuid, ${now('$5')})
      ORDER BY claimed_position`,
    ack: `${settle} SELECT count(*)::text AS count FROM settled`,
    release: `
      UPDATE ${entries} e SET claim_token = NULL, available_at = ${now('$3')} + ${bigint('$2')}
      FROM ${HELD} WHERE ${IS_HELD}`,
    deadLetter: `${settle}
      INSERT INTO ${deadLetters} (distinct_id, position, is_identify, people, bytes, record, dead_at, outcome)
      SELECT distinct_id, position, is_identify, people, bytes, record, ${now('$3')}, $2::text FROM settled
      ON CONFLICT (distinct_id) DO UPDATE SET position = excluded.position, is_identify = excluded.is_identify,
        people = excluded.people, bytes = excluded.bytes, record = excluded.record, dead_at = excluded.dead_at,
        outcome = excluded.outcome`,
    lookUp: `
      SELECT distinct_id, outcome FROM ${deadLetters} WHERE distinct_id = ANY (${texts('$1')})
      UNION ALL
      SELECT distinct_id, NULL FROM ${entries} WHERE distinct_id = ANY (${texts('$1')})`,
    oldest: `SELECT e.position::text, e.appended_at::text FROM ${entries} e ORDER BY e.position LIMIT 1`,
    mark: `SELECT last_value::text AS position, ${incarnation} AS incarnation FROM ${positions}`,
    stats: `
      SELECT count(*) FILTER (WHERE NOT is_claimed)::text AS waiting, count(*) FILTER (WHERE is_claimed)::text AS claimed,
        coalesce(sum(bytes), 0)::text AS bytes
      FROM (SELECT bytes, claim_token IS NOT NULL AND available_at > ${now('$1')} AS is_claimed FROM ${entries}) e`,
    countLetters: `SELECT count(*)::text AS count FROM ${deadLetters}`,
    listLetters: `${letter} l ORDER BY l.dead_at, l.position LIMIT ${bigint('$1')} OFFSET ${bigint('$2')}`,
    getLetter: `${letter} WHERE distinct_id = $1::text`,
    replay: `
      WITH letters AS (
        DELETE FROM ${deadLetters} WHERE distinct_id = ANY (${texts('$1')}) RETURNING *
      ), arrived AS MATERIALIZED (
        SELECT nextval('${positions}') AS position, distinct_id, is_identify, people, bytes, record
        FROM (SELECT * FROM letters ORDER BY dead_at, position) ordered
      ), ${store}
      SELECT count(*)::text AS count, ${notify} AS notified FROM letters`,
    discard: `
      WITH letters AS (DELETE FROM ${deadLetters} WHERE distinct_id = ANY (${texts('$1')}) RETURNING distinct_id)
      SELECT count(*)::text AS count FROM letters`,
  };
}

/** What the caller believes to hold, and whether it still does. */
const HELD = `json_to_recordset($1::text::json) AS held (position bigint, token uuid)`;
const IS_HELD = 'e.position = held.position AND e.claim_token = held.token';

const bigint = (parameter: string): string => `${parameter}::text::bigint`;
const texts = (parameter: string): string => `ARRAY(SELECT json_array_elements_text(${parameter}::text::json))`;
/** One clock for a fleet: the database's, unless a test brings its own. A query of its own, so that it is read once. */
const now = (parameter: string): string =>
  `(SELECT coalesce(${bigint(parameter)}, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint))`;
