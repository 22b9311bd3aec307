/** The base of every error that this entry throws. */
export class OursPrivacyError extends Error {
  override readonly name: string = 'OursPrivacyError';
}

/** What an answer of the service says in its body when it refuses. */
export interface ErrorBody {
  readonly success: false;
  readonly error: string;
}

/** A call that failed. Its `cause` is the error or the outcome of the client. */
export class APIError<Status extends number | undefined = number | undefined> extends OursPrivacyError {
  override readonly name: string = 'APIError';
  /** The HTTP status that the service gives such a call; `undefined` if it gave no answer. */
  readonly status: Status;
  /** Always `undefined`: events travel in batches, so no response belongs to one call. */
  readonly headers: Headers | undefined = undefined;
  readonly error: ErrorBody | undefined;

  constructor(status: Status, message: string, cause?: unknown) {
    super(status === undefined ? message : `${status} ${message}`, cause === undefined ? undefined : { cause });
    this.status = status;
    this.error = status === undefined ? undefined : { success: false, error: message };
  }
}

/** The caller's signal was aborted. An event that was tracked before that is still delivered. */
export class APIUserAbortError extends APIError<undefined> {
  override readonly name: string = 'APIUserAbortError';

  constructor() {
    super(undefined, 'The call was aborted.');
  }
}

/** The service gave no answer. */
export class APIConnectionError extends APIError<undefined> {
  override readonly name: string = 'APIConnectionError';

  constructor({ message, cause }: { readonly message: string; readonly cause?: unknown }) {
    super(undefined, message, cause);
  }
}

/** The service gave no answer within `timeout`. An event stays queued and is delivered later. */
export class APIConnectionTimeoutError extends APIConnectionError {
  override readonly name: string = 'APIConnectionTimeoutError';
}

export class BadRequestError extends APIError<400> {
  override readonly name: string = 'BadRequestError';
}

export class AuthenticationError extends APIError<401> {
  override readonly name: string = 'AuthenticationError';
}

export class PermissionDeniedError extends APIError<403> {
  override readonly name: string = 'PermissionDeniedError';
}

export class NotFoundError extends APIError<404> {
  override readonly name: string = 'NotFoundError';
}

export class ConflictError extends APIError<409> {
  override readonly name: string = 'ConflictError';
}

export class UnprocessableEntityError extends APIError<422> {
  override readonly name: string = 'UnprocessableEntityError';
}

export class RateLimitError extends APIError<429> {
  override readonly name: string = 'RateLimitError';
}

export class InternalServerError extends APIError<number> {
  override readonly name: string = 'InternalServerError';
}

type StatusError = new (status: never, message: string, cause?: unknown) => APIError;

const BY_STATUS: Readonly<Record<number, StatusError>> = {
  400: BadRequestError,
  401: AuthenticationError,
  403: PermissionDeniedError,
  404: NotFoundError,
  409: ConflictError,
  422: UnprocessableEntityError,
  429: RateLimitError,
};

/** The error of a status, of the class that the official SDK has for it. */
export function errorOfStatus(status: number, message: string, cause: unknown): APIError {
  const Found = BY_STATUS[status] ?? ((status >= 500 ? InternalServerError : APIError) as StatusError);
  return new Found(status as never, message, cause);
}
