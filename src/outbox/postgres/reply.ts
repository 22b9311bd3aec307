import { StoreError } from '../durable/store-error.js';

/** Prefixes the JSON, so that plugins that parse JSON columns ignore it. */
const MARK = 'ours:';

/** A result holds rows, which hold columns; a library may wrap them once or twice more. */
const MAX_DEPTH = 5;

/** Finds the reply in a client's result, whatever the shape of its rows. */
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

/** Precedes each string after the JSON. A stored record never contains it: JSON escapes it. */
const SEPARATOR = '\u001e';

/**
 * The SQL of a reply: one row with one column, a JSON array without keys. Plugins and type parsers that rename columns, convert
 * types or unwrap `{ rows }` do not affect it.
 *
 * @param strings {@link joined} strings, one for each row of the last value
 */
export function replyWith(values: readonly string[], strings?: string): string {
  const json = `json_build_array(${values.join(', ')})::text`;
  return `SELECT '${MARK}' || ${json}${strings === undefined ? '' : ` || coalesce(${strings}, '')`} AS reply`;
}

/** Aggregates long strings to follow the JSON unescaped: escaping them would double the cost. */
export const joined = (column: string, order: string): string =>
  `string_agg(chr(30) || replace(${column}, chr(30), ''), '' ORDER BY ${order})`;

/** @throws {StoreError} if the result does not contain a reply */
export function readReply(result: unknown, table: string): readonly unknown[] {
  try {
    const [json, ...strings] = findReply(result)!.split(SEPARATOR);
    const values = JSON.parse(json!) as unknown[];
    const rows = values.at(-1) as unknown[][];
    for (const [index, string] of strings.entries()) rows[index]!.push(string);
    return values;
  } catch {
    // The parser's message would quote an event.
    throw new StoreError(
      `the SQL client's result for ${table} cannot be read: query(text, values) must resolve to { rows } or to the rows, with strings unchanged. Look for a plugin or type parser that changes them.`,
    );
  }
}
