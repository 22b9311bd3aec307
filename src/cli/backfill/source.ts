import { createHash } from 'node:crypto';
import type { Refusal } from '../../core/refusal.js';
import type { TypedEvent } from '../typed-event.js';

/** A position between two rows of a file. */
export interface Position {
  /** The number of the row before it, as an editor or spreadsheet shows it; 0 at the start. */
  readonly row: number;
  readonly bytes: number;
}

/** One row of a file. */
export interface Row {
  /** The position after the row; its `row` is the number of this row. */
  readonly end: Position;
  /** The event, or why it cannot be read. */
  readonly event: TypedEvent | Refusal;
}

/** A file of events that can be read repeatedly. */
export interface Source {
  /** The position before the first row. */
  readonly start: Position;
  /** The rows after a position, up to the end that the file had when it was opened. */
  rows(from: Position): AsyncIterable<Row>;
}

/** The longest row in bytes, longer than any request. It also bounds what an unclosed quote swallows. */
export const MAX_ROW_BYTES: number = 4 * 1024 * 1024;

/**
 * The idempotency key of a row without one, derived from its number and content. A row that is sent again, after a crash or a
 * restart, counts once, and two rows with the same content count twice.
 */
export function contentId(row: number, fields: unknown): string {
  const digest = createHash('sha256')
    .update(`${row}\n${JSON.stringify(fields)}`)
    .digest('base64url');
  return `backfill:${digest}`;
}
