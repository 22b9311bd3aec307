import type { Refusal } from '../../core/refusal.js';
import type { TypedEvent } from '../typed-event.js';

/** A place between two rows of a file. */
export interface Position {
  /** The number of the last row before it, as a person would look it up: 0 where there is none. */
  readonly row: number;
  readonly bytes: number;
}

/** One row of a file. */
export interface Row {
  /** Just behind the row; its `row` is this one's number. */
  readonly end: Position;
  /** What it says, or why it says nothing. */
  readonly event: TypedEvent | Refusal;
}

/** A file of events, read row by row as often as needed. */
export interface Source {
  /** Before the first row. */
  readonly start: Position;
  /** The rows behind a position, up to the end the file had when it was opened. */
  rows(from: Position): AsyncIterable<Row>;
}

/** No row may be longer, in bytes: more than any request holds, and what a quote that is left open would swallow. */
export const MAX_ROW_BYTES: number = 4 * 1024 * 1024;
