import { OursError } from '../../core/errors.js';

export const DEFAULT_TABLE = 'ours_outbox';

const TABLE = /^([a-z_][a-z0-9_]*\.)?[a-z_][a-z0-9_]*$/;
/** PostgreSQL cuts a name after 63 bytes; the longest ending made here takes 13. */
const MAX_LENGTH = 48;

/** What the outbox calls its own in the database, quoted for SQL. */
export interface Names {
  /** As given, for messages and for the channel of NOTIFY. */
  readonly given: string;
  readonly schema: string | undefined;
  readonly entries: string;
  readonly identifies: string;
  readonly deadLetters: string;
  readonly deadLettersByAge: string;
  readonly positions: string;
  readonly version: string;
  readonly claim: string;
  readonly appendEach: string;
  readonly hidesRows: string;
}

/**
 * Everything the outbox makes is named after its table.
 *
 * @throws {OursError} `invalid_option` for a name that is not plain: it becomes a part of SQL texts
 */
export function namesOf(table: string = DEFAULT_TABLE): Names {
  if (typeof table !== 'string' || table.length > MAX_LENGTH || !TABLE.test(table)) {
    throw new OursError(
      'invalid_option',
      `table must be a name like 'ours_outbox' or 'schema.ours_outbox': lower-case letters, digits and underscores, at most ${MAX_LENGTH} characters.`,
    );
  }
  const [name = table, schema] = table.split('.').reverse();
  const quoted = (ending = ''): string => `"${name}${ending}"`;
  const qualified = (ending?: string): string => `${schema === undefined ? '' : `"${schema}".`}${quoted(ending)}`;
  return {
    given: table,
    schema,
    entries: qualified(),
    identifies: qualified('_identifies'),
    deadLetters: qualified('_dead_letters'),
    deadLettersByAge: quoted('_letters_age'),
    positions: qualified('_positions'),
    version: qualified('_version'),
    claim: qualified('_claim'),
    appendEach: qualified('_append_each'),
    hidesRows: qualified('_hides_rows'),
  };
}
