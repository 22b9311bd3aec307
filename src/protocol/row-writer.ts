/** A value of a row that is not a map. Numbers are finite. */
export type Scalar = string | number | boolean | null;

/**
 * Takes the members of a map one by one, so that no map has to be built only to be serialised. Strings may hold halves of surrogate
 * pairs, which become U+FFFD.
 */
export interface MapWriter {
  /** What the row may take at most. */
  readonly maxBytes: number;
  /** @throws {@link TOO_LARGE}, at the latest once a value or the row is longer than `maxBytes` and needs more memory */
  put(name: string, value: Scalar): void;
  /** Begins a map inside the current one. */
  open(name: string): void;
  /** Ends the map begun last. */
  close(): void;
  /** Removes the map begun last, with its name. */
  discard(): void;
}

/** Thrown, as it is, where an event grows beyond its limit: the rest is not read, so that its size costs nothing. */
export const TOO_LARGE: Error = new RangeError('the event is too large');

/** Passes {@link TOO_LARGE} on: it ends the event, while any other error of reading a value only leaves that value out. */
export function rethrowTooLarge(error: unknown): void {
  if (error === TOO_LARGE) throw error;
}

/** Writes one row as JSON. Several rows may be written at the same time: reading a value may call `track`. */
export interface RowWriter extends MapWriter {
  /** The JSON in UTF-8. It shares memory with other rows and must not be written to. */
  finish(): Uint8Array;
}
