import { PostgresError } from './errors.js';

/** In front of the JSON, so that a plugin that parses JSON columns leaves it alone. */
const MARK = 'ours:';

/** A result holds rows, which hold columns; a library may wrap that once or twice more. */
const MAX_DEPTH = 5;

/** The text that a client's result carries, however the client lays out its rows. */
function findReply(value: unknown, depth = 0): string | undefined {
  if (typeof value === 'string') return value.startsWith(MARK) ? value.slice(MARK.length) : undefined;
  if (typeof value !== 'object' || value === null || depth > MAX_DEPTH) return undefined;
  const inner = 'rows' in value ? [value.rows] : Object.values(value);
  for (const one of inner) {
    const found = findReply(one, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** In front of each string outside the JSON. A stored record never holds one: in JSON it is escaped. */
const SEPARATOR = '\u001e';

/**
 * The SQL of an answer: one row of one column, an array in JSON without a key. Plugins and type parsers that rename columns,
 * change types or drop the `{ rows }` around them find nothing here that they change.
 *
 * @param strings {@link joined} strings, one for each row of the last value
 */
export function replyWith(values: readonly string[], strings?: string): string {
  const json = `json_build_array(${values.join(', ')})::text`;
  return `SELECT '${MARK}' || ${json}${strings === undefined ? '' : ` || coalesce(${strings}, '')`} AS reply`;
}

/** Aggregates long strings to follow the JSON as they are: escaping them would cost as much as everything else. */
export const joined = (column: string, order: string): string =>
  `string_agg(chr(30) || replace(${column}, chr(30), ''), '' ORDER BY ${order})`;

/** @throws {PostgresError} for a result without the answer in it */
export function readReply(result: unknown, table: string): readonly unknown[] {
  try {
    const [json, ...strings] = findReply(result)!.split(SEPARATOR);
    const values = JSON.parse(json!) as unknown[];
    const rows = values.at(-1) as unknown[][];
    for (const [index, string] of strings.entries()) rows[index]!.push(string);
    return values;
  } catch {
    // What the parser says would quote an event.
    throw new PostgresError(
      `the SQL client's answer for ${table} cannot be read: query(text, values) must resolve to { rows } or to the rows, with strings unchanged. Look for a plugin or a type parser that changes them.`,
    );
  }
}
