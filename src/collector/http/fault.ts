import type { BatchRowCode } from '../../protocol/wire.js';

/** A failure of one request. */
export type Fault =
  /** Answers with this status; nothing is accepted. */
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: unknown;
    }
  /** Waits, then answers as usual. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** Never answers and accepts nothing. */
  | { readonly kind: 'hang' }
  /** Resets the connection; nothing is accepted. */
  | { readonly kind: 'reset' }
  /** A lost answer: everything is accepted, then the connection is reset. */
  | { readonly kind: 'resetAfter' }
  /** Everything is accepted, but the answer breaks off in the middle. */
  | { readonly kind: 'truncated' }
  /** Everything is accepted, but nothing follows the answer's headers. */
  | { readonly kind: 'stallBody' }
  /** A 200 with an HTML page, as from a proxy; nothing is accepted. */
  | { readonly kind: 'badJson' }
  /** Fails these rows of a batch, or this share of them (0–1) spread evenly, and accepts the others. */
  | ({ readonly kind: 'rows'; readonly code: BatchRowCode } & (
      | { readonly indexes: readonly number[]; readonly share?: never }
      | { readonly share: number; readonly indexes?: never }
    ));
