// A registered symbol, so that an error made by the CommonJS copy is recognised by the ES module copy.
const MARK = Symbol.for('ours-ingest.error');

/** What went wrong, in one word a program can switch on. */
export type OursErrorCode =
  /** An option, environment variable or argument is missing or wrong. */
  | 'invalid_option'
  /** The event will never be stored as it is: sending it again ends the same way. The error's `cause` is the outcome. */
  | 'rejected'
  /** The event is not stored, or may not be: send it again with its `distinctId`. The error's `cause` is the outcome. */
  | 'not_stored'
  /** The client was closed before the event had an outcome, or the collector before it was asked. */
  | 'closed'
  /** An assignment could not be had in time. */
  | 'assignment_failed'
  /**
   * The database, the server or the file of an outbox or of a store of exposures did not do what was asked; the message says what to
   * do, and `engineCode` what the engine calls it.
   */
  | 'store_failed'
  /** A webhook's signature cannot be checked now, because the provider that checks it cannot be asked. */
  | 'verification_unavailable';

const RETRYABLE: ReadonlySet<OursErrorCode> = new Set([
  'not_stored',
  'closed',
  'assignment_failed',
  'store_failed',
  'verification_unavailable',
]);

/** The one error class of this package. Messages say what was expected, what came and what to do. */
export class OursError extends Error {
  override readonly name = 'OursError';
  readonly code: OursErrorCode;
  /** Whether the same call may succeed later. A webhook answers 503 if it may, and 200 if it never will. */
  readonly retryable: boolean;
  /** Of `store_failed`: the SQLSTATE, SQLite's result code by name, or the system's name for a failed connection. */
  readonly engineCode: string | undefined;

  constructor(
    code: OursErrorCode,
    message: string,
    options: { cause?: unknown; engineCode?: string | undefined } = {},
  ) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.retryable = RETRYABLE.has(code);
    this.engineCode = options.engineCode;
    Object.defineProperty(this, MARK, { value: true });
  }
}

/** Tells whether `error` is an {@link OursError}, also one from another copy of this package. */
export function isOursError(error: unknown): error is OursError {
  return typeof error === 'object' && error !== null && (error as { [MARK]?: unknown })[MARK] === true;
}
