// A registered symbol, so that the ES module copy recognises errors of the CommonJS copy.
const MARK = Symbol.for('ours-ingest.error');

/** The kind of failure, for programs to switch on. */
export type OursErrorCode =
  /** An option, environment variable or argument is missing or wrong. */
  | 'invalid_option'
  /** The event will never be stored as it is; a retry fails the same way. The error's `cause` is the outcome. */
  | 'rejected'
  /** The event is not stored, or may not be: retry it with the same `distinctId`. The error's `cause` is the outcome. */
  | 'not_stored'
  /** The client was closed before the event had an outcome, or the collector before the call. */
  | 'closed'
  /** No assignment arrived in time. */
  | 'assignment_failed'
  /**
   * The database, server or file of an outbox or an exposure store failed. The message says what to do; `engineCode` is the
   * engine's own code.
   */
  | 'store_failed'
  /** The signature of a webhook cannot be verified now, because the provider's API did not answer. */
  | 'verification_unavailable';

const RETRYABLE: ReadonlySet<OursErrorCode> = new Set([
  'not_stored',
  'closed',
  'assignment_failed',
  'store_failed',
  'verification_unavailable',
]);

/** The only error class of this package. Messages say what was expected, what was received and how to fix it. */
export class OursError extends Error {
  override readonly name = 'OursError';
  readonly code: OursErrorCode;
  /** Whether the same call may succeed later. A webhook answers 503 if it may, and 200 if it never will. */
  readonly retryable: boolean;
  /** For `store_failed`: the SQLSTATE, the name of SQLite's result code, or the system's error code of a failed connection. */
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

/** Whether `error` is an {@link OursError}, also of another copy of this package. */
export function isOursError(error: unknown): error is OursError {
  return typeof error === 'object' && error !== null && (error as { [MARK]?: unknown })[MARK] === true;
}
