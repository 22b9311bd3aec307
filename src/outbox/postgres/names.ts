import { failOption } from '../../core/check-option.js';

export const DEFAULT_TABLE = 'ours_outbox';

const TABLE = /^([a-z_][a-z0-9_]*\.)?[a-z_][a-z0-9_]*$/;
/** PostgreSQL truncates a name to 63 bytes; the longest suffix added here has 14. */
const MAX_LENGTH = 48;

/** The names of the outbox's database objects, quoted for SQL. */
export interface Names {
  /** As given, for messages and the channel of NOTIFY. */
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
 * All objects are named after the table.
 *
 * @throws {OursError} `invalid_option` for an invalid name: it becomes part of SQL
 */
export function namesOf(table: string = DEFAULT_TABLE): Names {
  if (typeof table !== 'string' || table.length > MAX_LENGTH || !TABLE.test(table)) {
    failOption(
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
