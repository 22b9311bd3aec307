import { SEALED_PREFIX } from '../durable/sealing.js';
import type { Names } from './names.js';
import { joined, replyWith } from './reply.js';

/**
 * The outbox's statements. Each is one transaction, or part of the caller's.
 *
 * Every parameter is a string and is cast in the statement, because clients convert values in different ways. Every reply has two
 * values: whether row level security hides rows, and the result named here, whose numbers are strings.
 */
export interface Statements {
  /**
   * rows, now, whether to wake: a string or null → position, the numbers of the duplicates from 1, incarnation, when the server
   * started. Waits for no other transaction.
   */
  readonly append: string;
  /**
   * rows, now, whether to wake, a token → the same; the position is null if nothing was stored, because no transaction is known
   * to be open. A second call with the same token stores whenever one is open.
   */
  readonly appendWithin: string;
  /** rows, now, whether to wake → for each row it reached: position (null for a duplicate), whether another transaction holds the id; mark */
  readonly appendEach: string;
  /** Wakes the relays that listen. */
  readonly wake: string;
  /** entries, bytes, lease, token, now, lost tokens → [position, id, record][] */
  readonly claim: string;
  /** → how many identifies were removed whose entries are gone */
  readonly removeOrphans: string;
  /** held */
  readonly ack: string;
  /** held, delay, now */
  readonly release: string;
  /** held with outcomes, now */
  readonly deadLetter: string;
  /** ids → [id, outcome or null][] */
  readonly lookUp: string;
  /** → [position, appended at][] */
  readonly oldest: string;
  /** → position, incarnation, when the server started */
  readonly mark: string;
  /** now, limit → waiting, claimed and bytes of the first entries; position of the last one, pages of the table */
  readonly countHead: string;
  /** now, position, percentage of the pages → waiting, claimed and bytes of the entries after it that are on these pages */
  readonly sample: string;
  /** position, limit → [position, id, record][] */
  readonly entriesAfter: string;
  /** id, limit → [id, id, record][] */
  readonly deadLettersAfter: string;
  /** positions, now → [position, whether it is claimed][] of the entries that exist */
  readonly findEntries: string;
  /** The same, and removes them. */
  readonly removeEntries: string;
  /** → how many entries are not sealed */
  readonly countUnsealed: string;
  /** → count */
  readonly countDeadLetters: string;
  /** limit, offset → [id, outcome, dead at, record][] */
  readonly listDeadLetters: string;
  /** id → the same */
  readonly getDeadLetter: string;
  /** ids → [id, record][] */
  readonly findDeadLetters: string;
  /** ids with people, now → count */
  readonly replay: string;
  /** ids → count */
  readonly discard: string;
}

/** How long an append waits for a transaction that is inserting the same id. Most are appends and end sooner. */
const LOCK_WAIT_MS = 50;
/** How long a replay waits for one. A person starts it and can retry. */
const REPLAY_WAIT_MS = 1_000;
/** Keeps a sweep short in an outage, when very many identifies wait. */
const MAX_SWEPT = 1_000;

export function statementsFor(names: Names): Statements {
  const { entries, identifies, deadLetters, positions, claim, appendEach } = names;
  const hidesRows = `${names.hidesRows}()`;

  /** Replies with `result`, a JSON value. */
  const answer = (result: string, strings?: string): string => replyWith([hidesRows, result], strings);
  /** Replies with all rows of `query` as arrays of its columns. */
  const answerRows = (columns: string, query: string): string =>
    `${answer(`(SELECT coalesce(json_agg(json_build_array(${columns})), '[]') FROM (${query}) found)`)}`;

  const selectDeadLetters = (rest: string): string =>
    answerRows(
      'distinct_id, outcome, dead_at::text, record',
      `SELECT distinct_id, outcome, dead_at, record FROM ${deadLetters} ${rest}`,
    );

  /** Settles the entries that `deleted` deletes and returns, as `settled`. */
  const settleDeleted = (deleted: string): string => `
    WITH settled AS (
      ${deleted}
    ), forgotten AS (
      DELETE FROM ${identifies} i USING settled
      WHERE settled.is_identify AND i.person = ANY (settled.people) AND i.position = settled.position
    )`;
  /** Settles the entries that are still held. */
  const settle = settleDeleted(`DELETE FROM ${entries} e USING ${HELD} WHERE ${IS_HELD} RETURNING e.*, held.outcome`);
  const chosen = `position = ANY (${texts('$1')}::bigint[])`;
  /** @param time the parameter with the time */
  const isClaimed = (time: string): string => `claim_token IS NOT NULL AND available_at > ${now(time)} AS is_claimed`;
  const listFound = (from: string): string =>
    answerRows('position::text, is_claimed', `SELECT position, ${isClaimed('$2')} FROM ${from}`);

  const totals = `
    (count(*) FILTER (WHERE NOT is_claimed))::text, (count(*) FILTER (WHERE is_claimed))::text, coalesce(sum(bytes), 0)::text`;

  /**
   * Stores the rows of `arrived`; `stored` are those whose id was not inside. An event keeps only the names of its person that an
   * earlier identify has: no other order matters, and names that are not stored cannot link a person's events.
   */
  const store = `
    naming AS MATERIALIZED (
      SELECT person, min(position) AS position FROM arrived, unnest(people) person WHERE is_identify GROUP BY person
    ), stored AS (
      INSERT INTO ${entries} (position, distinct_id, is_identify, people, bytes, record, appended_at)
      SELECT position, distinct_id, is_identify, CASE WHEN is_identify THEN people ELSE ARRAY(
          SELECT name FROM unnest(people) name
          WHERE EXISTS (SELECT FROM ${identifies} i WHERE i.person = name)
            OR EXISTS (SELECT FROM naming n WHERE n.person = name AND n.position < arrived.position)
        ) END, bytes, record, ${now('$2')}
      FROM arrived
      -- In a fixed order: otherwise two appends of the same ids could deadlock.
      ORDER BY distinct_id, position
      ON CONFLICT (distinct_id) DO NOTHING
      RETURNING position, is_identify, people
    ), remembered AS (
      INSERT INTO ${identifies} (person, position)
      SELECT DISTINCT person, position FROM stored, unnest(people) person WHERE is_identify
    )`;
  // TRUNCATE and a new table change the file. So does VACUUM FULL, which loses nothing.
  const incarnation = `pg_relation_filenode('${entries}'::regclass)::text`;
  const startedAt = `(extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint::text`;
  // A function, because it needs no more right to the sequence than `nextval` does.
  const mark = `json_build_array(coalesce(pg_sequence_last_value('${positions}'::regclass), 0)::text, ${incarnation}, ${startedAt})`;
  const notify = `pg_notify('${names.given}', '')::text`;
  const wakeIfAsked = `CASE WHEN $3::text IS NOT NULL THEN ${notify} END`;

  /** An append if `condition` holds. It is evaluated once, before the first row. */
  const append = (condition: string): string => `
      WITH arrived AS MATERIALIZED (
        SELECT nextval('${positions}') AS position, given.* FROM ROWS FROM (
          json_to_recordset($1::text::json)
          AS (distinct_id text, is_identify boolean, people text[], bytes integer, record text)
        ) WITH ORDINALITY AS given (distinct_id, is_identify, people, bytes, record, number)
        WHERE (SELECT ${condition})
      ), ${store}, appended AS (
        SELECT max(arrived.position)::text AS position,
          coalesce(json_agg(arrived.number) FILTER (WHERE stored.position IS NULL), '[]') AS duplicates
        FROM arrived LEFT JOIN stored ON stored.position = arrived.position
      )`;

  return {
    append: `${append(`NOT ${hidesRows} AND ${waitAtMost(LOCK_WAIT_MS)}`)}
      ${answer(`json_build_array(position, duplicates, ${incarnation}, ${startedAt}, ${wakeIfAsked})`)} FROM appended`,
    // An xid shows that the transaction has written before. Otherwise a setting local to a transaction shows whether this
    // statement and the previous one were in the same transaction.
    appendWithin: `${append(
      `txid_current_if_assigned() IS NOT NULL OR current_setting('${WITHIN}', true) IS NOT DISTINCT FROM $4::text`,
    )}
      ${replyWith(['false', `json_build_array(position, duplicates, ${incarnation}, ${wakeIfAsked}, set_config('${WITHIN}', $4::text, true))`])} FROM appended`,
    // Locks the tables first and waits for that like any statement, because the function treats every wait as a contended id.
    appendEach: `
      WITH lock_entries AS (DELETE FROM ${entries} WHERE false), lock_identifies AS (DELETE FROM ${identifies} WHERE false)
      ${answer(`json_build_array(coalesce(json_agg(json_build_array(row_position::text, is_contended) ORDER BY row_number), '[]'), ${mark}, ${wakeIfAsked})`)}
      FROM ${appendEach}($1::text::json, ${now('$2')})`,
    wake: answer(notify),
    claim: `
      ${answer(
        `coalesce(json_agg(json_build_array(claimed_position::text, claimed_id) ORDER BY claimed_position), '[]')`,
        joined('claimed_record', 'claimed_position'),
      )}
      FROM ${claim}(
        ${bigint('$1')}, ${bigint('$2')}, ${bigint('$3')}, $4::text::uuid, ${now('$5')}, ${texts('$6')}::uuid[]
      )`,
    // An identify and its entry are stored by one statement and removed by one, so that every snapshot has both or neither. Row
    // level security could hide an entry.
    removeOrphans: `
      WITH removed AS (
        DELETE FROM ${identifies} WHERE (SELECT NOT ${hidesRows}) AND ctid = ANY (ARRAY(
          SELECT place FROM (
            SELECT ctid AS place, position FROM ${identifies} ORDER BY person, position LIMIT ${MAX_SWEPT}
          ) swept
          WHERE NOT EXISTS (SELECT FROM ${entries} e WHERE e.position = swept.position)
        ))
        RETURNING 1
      ) ${answer('(SELECT count(*)::text FROM removed)')}`,
    ack: `${settle} ${answer(`(SELECT count(*)::text FROM settled)`)}`,
    release: `
      WITH released AS (
        UPDATE ${entries} e SET claim_token = NULL, available_at = clock.ms + ${bigint('$2')}, waits_since = clock.ms
        FROM ${HELD}, (SELECT ${now('$3')} AS ms) clock WHERE ${IS_HELD} RETURNING 1
      ) ${answer(`(SELECT count(*)::text FROM released)`)}`,
    deadLetter: `${settle}, dead AS (
        INSERT INTO ${deadLetters} (distinct_id, position, is_identify, people, bytes, record, dead_at, outcome)
        -- A replay reads the person from the record.
        SELECT distinct_id, position, is_identify, '{}', bytes, record, ${now('$2')}, outcome FROM settled
        ON CONFLICT (distinct_id) DO UPDATE SET position = excluded.position, is_identify = excluded.is_identify,
          people = excluded.people, bytes = excluded.bytes, record = excluded.record, dead_at = excluded.dead_at,
          outcome = excluded.outcome
        RETURNING 1
      ) ${answer(`(SELECT count(*)::text FROM dead)`)}`,
    lookUp: answerRows(
      'distinct_id, outcome',
      `
        SELECT distinct_id, outcome FROM ${deadLetters} WHERE distinct_id = ANY (${texts('$1')})
        UNION ALL
        SELECT distinct_id, NULL FROM ${entries} WHERE distinct_id = ANY (${texts('$1')})`,
    ),
    oldest: answerRows(
      'position::text, appended_at::text',
      `SELECT position, appended_at FROM ${entries} ORDER BY position LIMIT 1`,
    ),
    mark: answer(mark),
    countHead: `
      ${answer(`json_build_array(
        ${totals}, max(position)::text, (pg_relation_size('${entries}'::regclass) / current_setting('block_size')::bigint)::text
      )`)}
      FROM (SELECT position, bytes, ${isClaimed('$1')} FROM ${entries} ORDER BY position LIMIT ${bigint('$2')}) e`,
    // The same pages each time, so that the changes between two calls are the queue's.
    sample: `
      ${answer(`json_build_array(${totals})`)}
      FROM (
        SELECT bytes, ${isClaimed('$1')} FROM ${entries} TABLESAMPLE SYSTEM ($3::text::float8) REPEATABLE (0)
        WHERE position > ${bigint('$2')}
      ) e`,
    entriesAfter: answerRows(
      'position::text, distinct_id, record',
      `SELECT position, distinct_id, record FROM ${entries}
       WHERE position > ${bigint('$1')} ORDER BY position LIMIT ${bigint('$2')}`,
    ),
    deadLettersAfter: answerRows(
      'distinct_id, distinct_id, record',
      `SELECT distinct_id, record FROM ${deadLetters}
       WHERE distinct_id > $1::text ORDER BY distinct_id LIMIT ${bigint('$2')}`,
    ),
    findEntries: listFound(`${entries} WHERE ${chosen}`),
    removeEntries: `${settleDeleted(`DELETE FROM ${entries} WHERE ${chosen} RETURNING *`)} ${listFound('settled')}`,
    countUnsealed: answer(
      `(SELECT count(*)::text FROM ${entries} WHERE left(record, ${SEALED_PREFIX.length}) <> '${SEALED_PREFIX}')`,
    ),
    countDeadLetters: answer(`(SELECT count(*)::text FROM ${deadLetters})`),
    listDeadLetters: selectDeadLetters(`ORDER BY dead_at, position LIMIT ${bigint('$1')} OFFSET ${bigint('$2')}`),
    getDeadLetter: selectDeadLetters(`WHERE distinct_id = $1::text`),
    findDeadLetters: answerRows(
      'distinct_id, record',
      `SELECT distinct_id, record FROM ${deadLetters} WHERE distinct_id = ANY (${texts('$1')})`,
    ),
    replay: `
      WITH given AS MATERIALIZED (
        SELECT * FROM json_to_recordset($1::text::json) AS given (distinct_id text, people text[])
      ), letters AS (
        DELETE FROM ${deadLetters} WHERE distinct_id = ANY (ARRAY(SELECT distinct_id FROM given))
          AND ${waitAtMost(REPLAY_WAIT_MS)}
        RETURNING *
      ), arrived AS MATERIALIZED (
        SELECT nextval('${positions}') AS position, distinct_id, is_identify, people, bytes, record FROM (
          SELECT distinct_id, is_identify, given.people, bytes, record FROM letters JOIN given USING (distinct_id)
          ORDER BY dead_at, letters.position
        ) ordered
      ), ${store}
      ${answer(`json_build_array((SELECT count(*)::text FROM letters), ${notify})`)}`,
    discard: `
      WITH letters AS (DELETE FROM ${deadLetters} WHERE distinct_id = ANY (${texts('$1')}) RETURNING distinct_id)
      ${answer(`(SELECT count(*)::text FROM letters)`)}`,
  };
}

/** A setting that holds a token for the rest of a transaction. */
const WITHIN = 'ours_ingest.within';

/**
 * A condition that is always true and makes each later lock wait of the statement fail with 55P03 after `ms`. The setting ends
 * with the statement, which is a transaction here.
 */
const waitAtMost = (ms: number): string => `(SELECT set_config('lock_timeout', '${ms}', true)) IS NOT NULL`;

/** The rows the caller claimed, and whether it still holds them. */
const HELD = `json_to_recordset($1::text::json) AS held (position bigint, token uuid, outcome text)`;
const IS_HELD = 'e.position = held.position AND e.claim_token = held.token';

const bigint = (parameter: string): string => `${parameter}::text::bigint`;
const texts = (parameter: string): string => `ARRAY(SELECT json_array_elements_text(${parameter}::text::json))`;
/** The database's clock, shared by a fleet, unless a test passes its own. A subquery, so that the statement reads it once. */
const now = (parameter: string): string =>
  `(SELECT coalesce(${bigint(parameter)}, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint))`;
