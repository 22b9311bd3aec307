/** A value of a row that is not a map. Numbers are finite. */
export type Scalar = string | number | boolean | null;

/**
 * Takes the members of a map one by one, so that no map has to be built only to be serialised. Strings may hold halves of surrogate
 * pairs, which become U+FFFD.
 */
export interface MapWriter {
  put(name: string, value: Scalar): void;
  /** Begins a map inside the current one. */
  open(name: string): void;
  /** Ends the map begun last. */
  close(): void;
  /** Removes the map begun last, with its name. */
  discard(): void;
}

/** Writes one row as JSON. Several rows may be written at the same time: reading a value may call `track`. */
export interface RowWriter extends MapWriter {
  /** The JSON in UTF-8. It shares memory with other rows and must not be written to. */
  finish(): Uint8Array;
}
