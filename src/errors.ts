// A registered symbol, so that an error made by the CommonJS copy is recognised by the ES module copy.
const MARK = Symbol.for('ours-ingest.error');

/** What went wrong, in one word a program can switch on. */
export type OursErrorCode =
  /** An option, environment variable or argument is missing or wrong. */
  | 'invalid_option'
  /** The event was refused or dropped, or the outbox did not confirm it; the error's `cause` is the outcome. */
  | 'not_stored'
  /** The client was closed before the event had an outcome, or the collector before it was asked. */
  | 'closed'
  /** An assignment could not be had in time. */
  | 'assignment_failed';

/** The one error class of this package. Messages say what was expected, what came and what to do. */
export class OursError extends Error {
  override readonly name = 'OursError';
  readonly code: OursErrorCode;

  constructor(code: OursErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
    Object.defineProperty(this, MARK, { value: true });
  }
}

/** Tells whether `error` is an {@link OursError}, also one from another copy of this package. */
export function isOursError(error: unknown): error is OursError {
  return typeof error === 'object' && error !== null && (error as { [MARK]?: unknown })[MARK] === true;
}
